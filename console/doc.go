// Package console is the web page on which people edit relationships, and the JSON API behind it.
//
//	c := console.New(service, console.Options{Dir: "metadata"})
//	http.Handle("/console/", c)
//
// The page (folder web) is built by `make build` and embedded. Its API, below /console/api, is the page's own: it may change
// with any version. What it edits are the files of a metadata directory, by package metadata/edit; what is served, and what
// would be, it learns from a [Service].
//
// Only the admin gets in. Writes are refused where they come from another site, and where nothing proves who calls, all
// requests that don't name a loopback host are, too (DNS rebinding).
package console
