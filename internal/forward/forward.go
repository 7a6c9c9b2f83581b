// Package forward says which headers of a client go on to the services that are called in its name.
package forward

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// DefaultIgnored are the client headers that are not forwarded unless the metadata gives another list
// (hasura-actions.md section 3).
var DefaultIgnored = Set([]string{
	"Content-Length", "Content-MD5", "User-Agent", "Host", "Origin", "Referer", "Accept", "Accept-Encoding",
	"Accept-Language", "Accept-Datetime", "Cache-Control", "Connection", "DNT", "Content-Type",
})

// Never are the client headers that no list lets through: those of the client's connection (RFC 9110 section 7.6.1),
// those that describe a body which isn't the one sent here, and Accept-Encoding, because the answer is read here and must
// be in an encoding that net/http undoes.
var Never = Set([]string{
	"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer",
	"Transfer-Encoding", "Upgrade", "HTTP2-Settings", "Expect",
	"Host", "Content-Length", "Content-Type", "Content-Encoding",
	"Accept-Encoding",
})

// Set is a set of canonical header names.
func Set(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[http.CanonicalHeaderKey(n)] = true
	}
	return set
}

// Client returns the client's headers that go on, and the X-Forwarded-* made of them. Such a header from the client
// itself, who may be a proxy, stands. Those named x-hasura-* never go on: they are sent as session variables only. h may
// be nil; host is that of the client's request, which net/http keeps apart from its headers.
func Client(h http.Header, host string, ignored, private map[string]bool) http.Header {
	out := make(http.Header, len(h)+3)
	set(out, "X-Forwarded-Host", host)
	set(out, "X-Forwarded-User-Agent", h.Get("User-Agent"))
	set(out, "X-Forwarded-Origin", h.Get("Origin"))
	hop := connectionOptions(h)
	for name, values := range h {
		name = http.CanonicalHeaderKey(name)
		if !ignored[name] && !Never[name] && !private[name] && !strings.HasPrefix(name, "X-Hasura-") && !slices.Contains(hop, name) {
			out[name] = values
		}
	}
	return out
}

func set(h http.Header, name, value string) {
	if value != "" {
		h[name] = []string{value}
	}
}

// connectionOptions are the headers that the client's Connection header declares to be for one hop.
func connectionOptions(h http.Header) []string {
	var names []string
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			names = append(names, http.CanonicalHeaderKey(textproto.TrimString(name)))
		}
	}
	return names
}
