package auth0standin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Auth0's limits on a search, and the request line that usual proxies take.
const (
	maxPerPage     = 100
	defaultPerPage = 50
	maxResults     = 1000
	maxURLBytes    = 8 << 10
)

// Options say what the stand-in knows. ClientID and ClientSecret must be set.
type Options struct {
	// Users are all the users of the tenant; user ids are unique.
	Users []User
	// ClientID and ClientSecret are the credentials that /oauth/token takes.
	ClientID, ClientSecret string
	// NotIndexed lists ids of users that a search doesn't find and a direct read does: Auth0's
	// search index follows a write after a moment.
	NotIndexed []string
	// RateLimit is the number of Management API calls that are answered per second; further ones
	// get 429 with Auth0's x-ratelimit headers. 0: no limit.
	RateLimit int
}

// Server answers as the Management API does. It is an [http.Handler], safe for concurrent use.
type Server struct {
	options    Options
	byID       map[string]User
	notIndexed map[string]bool
	tokens     tokens
	limiter    limiter
	mux        http.ServeMux
}

// New checks the options and builds the server.
func New(options Options) (*Server, error) {
	if options.ClientID == "" || options.ClientSecret == "" {
		return nil, errors.New("missing client id or client secret")
	}
	if options.RateLimit < 0 {
		return nil, fmt.Errorf("invalid rate limit %d: below 0", options.RateLimit)
	}
	byID, err := indexUsers(options.Users)
	if err != nil {
		return nil, err
	}
	s := &Server{
		options: options, byID: byID, notIndexed: map[string]bool{},
		limiter: limiter{perSecond: options.RateLimit},
	}
	for _, id := range options.NotIndexed {
		s.notIndexed[id] = true
	}
	s.mux.HandleFunc("POST /oauth/token", s.token)
	s.mux.HandleFunc("GET /api/v2/users", s.api(s.list))
	s.mux.HandleFunc("GET /api/v2/users/{id}", s.api(s.read))
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	return s, nil
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if len(r.URL.RequestURI()) > maxURLBytes {
		http.Error(w, "414 Request-URI Too Large", http.StatusRequestURITooLong)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// api lets pass who holds a token and is within the rate limit.
func (s *Server) api(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		switch {
		case !ok || !s.tokens.valid(token):
			apiError(w, http.StatusUnauthorized, "invalid_token", "Invalid token")
		case !s.limiter.allow(w):
			apiError(w, http.StatusTooManyRequests, "too_many_requests", "Global limit has been reached")
		default:
			next(w, r)
		}
	}
}

func (s *Server) read(w http.ResponseWriter, r *http.Request) {
	include, err := boolean(r.URL.Query(), "include_fields", true)
	if err != nil {
		apiError(w, http.StatusBadRequest, "invalid_query_string", err.Error())
		return
	}
	user, ok := s.byID[r.PathValue("id")]
	if !ok {
		apiError(w, http.StatusNotFound, "inexistent_user", "The user does not exist.")
		return
	}
	writeJSON(w, http.StatusOK, user.project(r.URL.Query().Get("fields"), include))
}

// listing is a checked request to GET /api/v2/users.
type listing struct {
	page, perPage   int
	totals, include bool
	fields, query   string
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	asked, err := readListing(r.URL.Query())
	if err != nil {
		apiError(w, http.StatusBadRequest, "invalid_query_string", err.Error())
		return
	}
	found, err := s.search(asked.query)
	if err != nil {
		apiError(w, http.StatusBadRequest, "invalid_query_string", err.Error())
		return
	}
	page := []User{}
	start := asked.page * asked.perPage
	for _, user := range found[min(start, len(found)):min(start+asked.perPage, len(found))] {
		page = append(page, user.project(asked.fields, asked.include))
	}
	if !asked.totals {
		writeJSON(w, http.StatusOK, page)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"start": start, "limit": asked.perPage, "length": len(page), "total": len(found), "users": page,
	})
}

// search returns the users of the index that the query names, all for an empty one, in the order of
// Options.Users.
func (s *Server) search(query string) ([]User, error) {
	wanted := func(string) bool { return true }
	if query != "" {
		ids, err := ParseQuery(query)
		if err != nil {
			return nil, err
		}
		set := map[string]bool{}
		for _, id := range ids {
			set[id] = true
		}
		wanted = func(id string) bool { return set[id] }
	}
	var found []User
	for _, user := range s.options.Users {
		if id := user.id(); wanted(id) && !s.notIndexed[id] {
			found = append(found, user)
		}
	}
	return found, nil
}

func readListing(q url.Values) (listing, error) {
	asked := listing{fields: q.Get("fields"), query: q.Get("q")}
	if engine := q.Get("search_engine"); engine != "" && engine != "v3" {
		return asked, fmt.Errorf("unknown search_engine %q: the stand-in has v3", engine)
	}
	var errs [4]error
	asked.page, errs[0] = number(q, "page", 0, maxResults)
	asked.perPage, errs[1] = number(q, "per_page", defaultPerPage, maxPerPage)
	asked.totals, errs[2] = boolean(q, "include_totals", false)
	asked.include, errs[3] = boolean(q, "include_fields", true)
	if err := errors.Join(errs[:]...); err != nil {
		return asked, err
	}
	if asked.page*asked.perPage+asked.perPage > maxResults {
		return asked, fmt.Errorf("invalid page: you can only page through the first %d records", maxResults)
	}
	return asked, nil
}

func number(q url.Values, name string, missing, most int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return missing, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		return 0, fmt.Errorf("invalid %s: not a number from 0 to %d", name, most)
	}
	return n, nil
}

func boolean(q url.Values, name string, missing bool) (bool, error) {
	switch q.Get(name) {
	case "":
		return missing, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("invalid %s: not true or false", name)
}

func apiError(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]any{
		"statusCode": status, "error": http.StatusText(status), "message": message, "errorCode": code,
	})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	// The client is gone when this fails: there is nobody to tell.
	_ = json.NewEncoder(w).Encode(body)
}
