// Package auth0standin is a local stand-in of the part of the Auth0 Management API that the
// Auth0 profile subgraph uses. It is for tests and for trying the example without a tenant. It is
// not an identity provider: nobody can log in, and its data ends with the process.
//
// Serve it in a test:
//
//	standin, err := auth0standin.New(auth0standin.Options{
//		Users: users, ClientID: "id", ClientSecret: "secret",
//	})
//	server := httptest.NewServer(standin)
//	// the subgraph's Config.Domain = server.URL
//
// Make a user too new for the search index (only a direct read finds it): [Options].NotIndexed.
// Make the client back off: [Options].RateLimit.
//
// What it answers, as Auth0 documents it:
//
//	POST /oauth/token          client credentials, form or JSON; a bearer token for 24 hours
//	GET  /api/v2/users         q (search engine v3, lists of user_id only: see [ParseQuery]),
//	                           fields, include_fields, page, per_page (at most 100), include_totals
//	GET  /api/v2/users/{id}    fields, include_fields
//	GET  /healthz              "ok"
//
// A request line of more than 8 KB is answered with 414, as the usual proxies do.
package auth0standin
