package actions

import (
	"maps"
	"net/http"

	"github.com/joinery-graphql/joinery/internal/forward"
)

// isManaged tells whether net/http or this package decides the header, so that the metadata can't.
func isManaged(canonical string) bool {
	switch canonical {
	case "Host", "Content-Type", "Proxy-Authorization":
		return false
	}
	return forward.Never[canonical]
}

// requestHeader returns the headers of a call, and of these the ones that the client sent. base holds what is sent
// to every caller. Hasura's precedence: a forwarded header replaces a configured one unless configuredFirst.
func (c *Client) requestHeader(a *action, call *Call) (sent, forwarded http.Header) {
	sent = make(http.Header, len(a.base)+len(call.ClientHeader)+4)
	maps.Copy(sent, a.base)
	if !a.metadata.ForwardClientHeaders {
		return sent, nil
	}
	forwarded = forward.Client(call.ClientHeader, call.ClientHost, a.ignored, c.private)
	for name, values := range forwarded {
		if _, configured := a.base[name]; !configured || !c.configuredFirst {
			sent[name] = values
		}
	}
	return sent, forwarded
}
