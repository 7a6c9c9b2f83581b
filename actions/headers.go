package actions

import (
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// defaultIgnored are the client headers that are not forwarded unless ignored_client_headers replaces the list
// (hasura-actions.md section 3).
var defaultIgnored = headerSet([]string{
	"Content-Length", "Content-MD5", "User-Agent", "Host", "Origin", "Referer", "Accept", "Accept-Encoding",
	"Accept-Language", "Accept-Datetime", "Cache-Control", "Connection", "DNT", "Content-Type",
})

// neverForwarded are the client headers that no list lets through: those of the client's connection (RFC 9110
// section 7.6.1), those that describe a body which isn't the one sent here, and Accept-Encoding, because the answer
// is read here and must be in an encoding that net/http undoes.
var neverForwarded = headerSet([]string{
	"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer",
	"Transfer-Encoding", "Upgrade", "HTTP2-Settings", "Expect",
	"Host", "Content-Length", "Content-Type", "Content-Encoding",
	"Accept-Encoding",
})

// isManaged tells whether net/http or this package decides the header, so that the metadata can't.
func isManaged(canonical string) bool {
	switch canonical {
	case "Host", "Content-Type", "Proxy-Authorization":
		return false
	}
	return neverForwarded[canonical]
}

// headerSet is a set of canonical header names.
func headerSet(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[http.CanonicalHeaderKey(n)] = true
	}
	return set
}

// requestHeader returns the headers of a call, and of these the ones that the client sent. base holds what is sent
// to every caller. Hasura's precedence: a forwarded header replaces a configured one unless configuredFirst.
func (c *Client) requestHeader(a *action, call *Call) (sent, forwarded http.Header) {
	sent = make(http.Header, len(a.base)+len(call.ClientHeader)+4)
	maps.Copy(sent, a.base)
	if !a.metadata.ForwardClientHeaders {
		return sent, nil
	}
	forwarded = c.forwardedHeader(a, call)
	for name, values := range forwarded {
		if _, configured := a.base[name]; !configured || !c.configuredFirst {
			sent[name] = values
		}
	}
	return sent, forwarded
}

// forwardedHeader returns the client's headers that reach the handler, and the X-Forwarded-* made of them. Such a
// header from the client itself, who may be a proxy, stands.
func (c *Client) forwardedHeader(a *action, call *Call) http.Header {
	h := make(http.Header, len(call.ClientHeader)+3)
	setForwarded(h, "X-Forwarded-Host", call.ClientHost)
	setForwarded(h, "X-Forwarded-User-Agent", call.ClientHeader.Get("User-Agent"))
	setForwarded(h, "X-Forwarded-Origin", call.ClientHeader.Get("Origin"))
	hop := connectionOptions(call.ClientHeader)
	for name, values := range call.ClientHeader {
		name = http.CanonicalHeaderKey(name)
		if !a.ignored[name] && !neverForwarded[name] && !c.private[name] && !isSession(name) && !slices.Contains(hop, name) {
			h[name] = values
		}
	}
	return h
}

func setForwarded(h http.Header, name, value string) {
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

// isSession tells whether a canonical name is one of x-hasura-*. They are sent as session variables only.
func isSession(canonical string) bool {
	return strings.HasPrefix(canonical, "X-Hasura-")
}
