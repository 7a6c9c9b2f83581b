package console

import (
	"net/http"
	"net/http/httputil"
	"net/url"
)

// router passes requests on to the router, which the page may not ask itself: it is another origin. The admin secret stays
// here.
func (c *Console) router() http.Handler {
	target, err := url.Parse(c.options.RouterURL)
	if err != nil {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			writeError(w, &apiError{http.StatusBadGateway, ErrorBody{Code: "router-unreachable", Message: "the router's URL is invalid"}})
		})
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL, r.Out.Host = target, target.Host
			for _, name := range []string{"X-Hasura-Admin-Secret", "X-Hasura-Access-Key", "Router-Authorization", "Cookie", "Origin", "Referer"} {
				r.Out.Header.Del(name)
			}
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			writeError(w, &apiError{http.StatusBadGateway, ErrorBody{Code: "router-unreachable", Message: "the router doesn't answer at " + target.Redacted()}})
		},
	}
}
