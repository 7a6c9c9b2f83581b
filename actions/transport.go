package actions

import (
	"net"
	"net/http"
	"time"

	"github.com/joinery-graphql/joinery/internal/rawnet"
)

const (
	// maxIdlePerHandler keeps enough connections for a burst of parallel query actions on one host; the standard
	// library's 2 would reopen connections all the time.
	maxIdlePerHandler = 128
	// idleTimeout is below the 5 s after which Node's HTTP server, the commonest home of handlers, closes an idle
	// connection: a POST that meets such a close can't safely be sent again, so it must not happen.
	idleTimeout = 4 * time.Second
	// maxResponseHeaderBytes bounds what a handler may send before its body.
	maxResponseHeaderBytes = 256 << 10
)

// NewTransport returns the connection pool that a [Client] uses where Options.Transport is nil. Make one yourself to
// share it between Clients. Like net/http's default it honours HTTP_PROXY, HTTPS_PROXY and NO_PROXY, speaks HTTP/2
// over TLS, and reads gzip. How long a call may take is the action's timeout alone.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            rawnet.Dial(dialer.DialContext),
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    maxIdlePerHandler,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxResponseHeaderBytes,
	}
}
