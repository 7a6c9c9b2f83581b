package auth0profile

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/auth0/go-auth0/management"

	"github.com/joinery-graphql/joinery/supergraph/auth0profile/internal/graph"
)

const (
	// maxSearchIDs is the number of ids in one search: the most that Auth0 gives on a page, so that an
	// answer is always one page.
	maxSearchIDs = 100
	// maxQueryBytes bounds the escaped q of one search. Auth0 answers 414 to a URL that is too long
	// and doesn't say what that is; 8 KB for the whole request line is the least of the usual proxies
	// (nginx, large_client_header_buffers). 6 KB for q leaves room for the rest of the line and for
	// proxies that rewrite it, and takes 100 ids of the usual length (auth0|24 digits: 4.2 KB).
	maxQueryBytes = 6 << 10
	// maxIDBytes is the length over which an id is not asked for: Auth0 has none as long.
	maxIDBytes = 1 << 10
	// parallelCalls bounds the calls to Auth0 of one request at a time. A free tenant takes 2 a second
	// and bursts of 10.
	parallelCalls = 4
)

// outcome is what is known of an id: its profile, nil for a user who doesn't exist, or why it isn't
// known.
type outcome struct {
	profile *graph.Auth0Profile
	err     error
}

// calls counts the calls to Auth0 of a batch, retries not included.
type calls struct{ searches, reads atomic.Int64 }

// tenant asks one Auth0 tenant for profiles. It is safe for concurrent use.
type tenant struct {
	api    *client
	fields []string
}

func newTenant(c Config) (*tenant, error) {
	api, err := newClient(c)
	if err != nil {
		return nil, err
	}
	return &tenant{api: api, fields: c.Fields}, nil
}

// find returns an outcome for each of the ids, which are unique. It searches first and reads the
// users that the search doesn't find.
func (t *tenant) find(ctx context.Context, ids []string, n *calls) map[string]outcome {
	found := t.searchAll(ctx, ids, n)
	var absent []string
	for _, id := range ids {
		if _, ok := found[id]; !ok {
			absent = append(absent, id)
		}
	}
	t.readAll(ctx, absent, found, n)
	return found
}

func (t *tenant) searchAll(ctx context.Context, ids []string, n *calls) map[string]outcome {
	var (
		mu    sync.Mutex
		found = make(map[string]outcome, len(ids))
	)
	parallel(chunks(ids), func(chunk []string) {
		n.searches.Add(1)
		profiles, err := t.search(ctx, chunk)
		mu.Lock()
		defer mu.Unlock()
		for _, id := range chunk {
			if profile := profiles[id]; profile != nil || err != nil {
				found[id] = outcome{profile, err}
			}
		}
	})
	return found
}

// search asks for the users of one chunk. The profiles are by id; one that isn't there is unknown to
// the search index.
func (t *tenant) search(ctx context.Context, chunk []string) (map[string]*graph.Auth0Profile, error) {
	var users []auth0User // the client sends what it decodes into as a body, except nil
	err := t.api.get(ctx, &users, []string{"users"},
		management.Query(searchQuery(chunk)),
		management.PerPage(maxSearchIDs),
		management.IncludeTotals(false),
		t.includeFields(),
	)
	switch status(err) {
	case http.StatusBadRequest, http.StatusRequestURITooLong:
		// One id that Auth0 can't search must not cost the others their profiles: read them all.
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	profiles := make(map[string]*graph.Auth0Profile, len(users))
	for _, user := range users {
		if id := text(user["user_id"]); id != nil {
			profiles[*id] = user.profile(t.fields)
		}
	}
	return profiles, nil
}

// readAll reads the users one by one and adds their outcomes to found. After the first call that
// fails no other is begun: the tenant is down or over its rate limit, and has been retried already.
func (t *tenant) readAll(ctx context.Context, ids []string, found map[string]outcome, n *calls) {
	var (
		mu      sync.Mutex
		failure error
	)
	parallel(ids, func(id string) {
		mu.Lock()
		err := failure
		mu.Unlock()
		var profile *graph.Auth0Profile
		if err == nil {
			n.reads.Add(1)
			profile, err = t.read(ctx, id)
		}
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failure = err
		}
		found[id] = outcome{profile, err}
	})
}

// read returns nil for a user who doesn't exist.
func (t *tenant) read(ctx context.Context, id string) (*graph.Auth0Profile, error) {
	var user auth0User
	err := t.api.get(ctx, &user, []string{"users", id}, t.includeFields())
	switch status(err) {
	case http.StatusNotFound, http.StatusBadRequest: // 400: no user can have such an id
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	// An id such as ".." may have been read as a path on the way: what came is then no user of this id.
	if got := text(user["user_id"]); got == nil || *got != id {
		return nil, nil
	}
	return user.profile(t.fields), nil
}

func (t *tenant) includeFields() management.RequestOption {
	return management.IncludeFields(append([]string{"user_id"}, t.fields...)...)
}

// chunks cuts the ids into searches that keep to maxSearchIDs and maxQueryBytes.
func chunks(ids []string) [][]string {
	var all [][]string
	start, size := 0, 0
	for i, id := range ids {
		length := len(url.QueryEscape(quote(id) + " OR "))
		if i > start && (i-start == maxSearchIDs || size+length > maxQueryBytes) {
			all = append(all, ids[start:i])
			start, size = i, 0
		}
		size += length
	}
	if start < len(ids) {
		all = append(all, ids[start:])
	}
	return all
}

// searchQuery is a search for users by id in the Lucene query syntax: user_id:("a" OR "b").
func searchQuery(ids []string) string {
	quoted := make([]string, len(ids))
	for i, id := range ids {
		quoted[i] = quote(id)
	}
	return "user_id:(" + strings.Join(quoted, " OR ") + ")"
}

// quote makes a phrase of an id. Within one, only the quote and the backslash mean something
// (Lucene query parser syntax, "Escaping Special Characters").
func quote(id string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(id) + `"`
}

// auth0User is a user as Auth0 gives it. Its fields are read one by one: for some, Auth0 documents
// other types than the usual one (a time may be an object, email_verified a string).
type auth0User map[string]json.RawMessage

// profile takes the fields over; one that is missing or of another type is null.
func (u auth0User) profile(fields []string) *graph.Auth0Profile {
	p := &graph.Auth0Profile{}
	for _, field := range fields {
		raw := u[field]
		switch field {
		case "email":
			p.Email = text(raw)
		case "email_verified":
			p.EmailVerified = boolean(raw)
		case "name":
			p.Name = text(raw)
		case "nickname":
			p.Nickname = text(raw)
		case "picture":
			p.Picture = text(raw)
		case "last_login":
			p.LastLogin = text(raw)
		case "logins_count":
			p.LoginsCount = value[int](raw)
		case "created_at":
			p.CreatedAt = text(raw)
		case "updated_at":
			p.UpdatedAt = text(raw)
		default:
			panic("BUG: no such field of a profile: " + field)
		}
	}
	return p
}

func text(raw json.RawMessage) *string { return value[string](raw) }

func boolean(raw json.RawMessage) *bool {
	if word := text(raw); word != nil {
		raw = json.RawMessage(*word)
	}
	return value[bool](raw)
}

// value is nil for null, for nothing and for another type.
func value[T any](raw json.RawMessage) *T {
	var v *T
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return nil
	}
	return v
}
