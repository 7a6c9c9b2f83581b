package localstack

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"
)

// front stands at the router's address and passes everything on to the router that is to answer now. Apollo Router looks at
// a supergraph file every three seconds only; another one over the new file is there in less than one, and the one before
// ends its requests meanwhile.
type front struct {
	server *http.Server
	router atomic.Pointer[url.URL]
}

// startFront serves on a listener, which it takes over.
func startFront(listener net.Listener) *front {
	f := &front{}
	f.server = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(f.router.Load())
			r.Out.Host = r.In.Host
		},
		FlushInterval: -1,                         // answers may come in parts
		ErrorLog:      log.New(io.Discard, "", 0), // the client sees status 502
	}}
	go func() { _ = f.server.Serve(listener) }()
	return f
}

// to has requests from now on go to the router at an address, such as "http://127.0.0.1:4100/".
func (f *front) to(address string) error {
	u, err := url.Parse(address)
	if err == nil {
		f.router.Store(u)
	}
	return err
}

func (f *front) stop() { _ = f.server.Close() }
