// Looks at each piece of an answer on its way out, and passes it on unchanged.
// with-njs.conf names it, stream.conf turns it on.

function watch(r, data, flags) {
    const seen = r.variables;
    if (data.length > 0) {
        if (!seen.streamward_first) {
            // $request_time: seconds since the request's first byte, with milliseconds.
            seen.streamward_first = Math.round(Number(seen.request_time) * 1000).toString();
        }
        seen.streamward_pieces = (Number(seen.streamward_pieces || 0) + 1).toString();
    }
    if (flags.last) {
        seen.streamward_whole = 'yes';
    }
    r.sendBuffer(data, flags);
}

export default { watch };
