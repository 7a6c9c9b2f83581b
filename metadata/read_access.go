package metadata

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

const (
	queryCollectionsFile = "query_collections.yaml"
	allowListFile        = "allow_list.yaml"
	apiLimitsFile        = "api_limits.yaml"
	maxCollectedTokens   = 100_000 // of one document of a collection
)

func (r *reader) readQueryCollections(m *Metadata) {
	for _, n := range r.list(r.root(queryCollectionsFile), "") {
		f := r.mapping(n, "query collection")
		c := QueryCollection{Pos: f.pos(), Name: f.need("name")}
		f.item = fmt.Sprintf("query collection %q", c.Name)
		f.know("comment")
		if d := f.get("definition"); d.absent() {
			f.missing("definition", "")
		} else {
			g := r.mapping(d, f.item)
			for _, q := range g.list("queries") {
				c.Queries = append(c.Queries, r.readCollectedQuery(q, f.item))
			}
			g.done()
		}
		f.done()
		if m.Collection(c.Name) != nil {
			f.errorf(c.Pos, "duplicate query collection")
		}
		m.QueryCollections = append(m.QueryCollections, c)
	}
}

func (r *reader) readCollectedQuery(n node, item string) CollectedQuery {
	f := r.mapping(n, "query of "+item)
	q := CollectedQuery{Pos: f.pos(), Name: f.need("name"), Document: f.need("query")}
	f.item = fmt.Sprintf("query %q of %s", q.Name, item)
	if q.Document != "" {
		if err := checkDocument(q.Document); err != nil {
			f.errorf(f.keyPos("query"), "invalid query: %v", err)
		}
	}
	f.done()
	return q
}

func checkDocument(text string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the parser gave up (%v)", p)
		}
	}()
	_, err = parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, maxCollectedTokens)
	return err
}

func (r *reader) readAllowList(m *Metadata) {
	for _, n := range r.list(r.root(allowListFile), "") {
		f := r.mapping(n, "allow-list")
		a := AllowedCollection{Pos: f.pos(), Collection: f.need("collection")}
		if a.Collection != "" {
			f.item = fmt.Sprintf("allow-list: collection %q", a.Collection)
			if m.Collection(a.Collection) == nil && r.complete(queryCollectionsFile) {
				names := make([]string, len(m.QueryCollections))
				for i, c := range m.QueryCollections {
					names[i] = c.Name
				}
				r.add(Fault{Pos: f.keyPos("collection"), Item: f.item, Message: "query collection does not exist", Hint: r.didYouMean(a.Collection, names)})
			}
		}
		f.readScope(&a)
		f.done()
		m.AllowList = append(m.AllowList, a)
	}
}

// readScope reads {global: true} or {global: false, roles: [...]}; without one a collection is for all.
func (f *mapping) readScope(a *AllowedCollection) {
	n := f.get("scope")
	if n.absent() {
		if n.failed {
			a.Roles = []string{}
		}
		return
	}
	g := f.r.mapping(n, f.item+": scope")
	global, roles := g.boolean("global"), g.texts("roles")
	switch {
	case global && len(roles) > 0:
		g.errorf(g.keyPos("roles"), `unexpected "roles": a global scope has none`)
	case !global && len(roles) == 0 && !g.node.failed:
		g.missing("roles", `name the roles, or write "global: true"`)
	}
	if !global {
		a.Roles = append([]string{}, roles...)
	}
	g.doneStrictly()
}

func (r *reader) readAPILimits(m *Metadata) {
	n := r.root(apiLimitsFile)
	if n.absent() {
		return
	}
	f := r.mapping(n, "API limits")
	disabled := f.boolean("disabled")
	l := &APILimits{
		Pos: f.pos(), Depth: f.roleLimit("depth_limit"), Nodes: f.roleLimit("node_limit"), Time: f.roleLimit("time_limit"),
		Batch: f.roleLimit("batch_limit"), Rate: f.rateLimits("rate_limit"),
	}
	f.doneStrictly()
	if !disabled && (l.Depth != nil || l.Nodes != nil || l.Time != nil || l.Batch != nil || l.Rate != nil) {
		m.APILimits = l
	}
}

// roleLimit is {global: n, per_role: {role: n}}, nil where key is absent.
func (f *mapping) roleLimit(key string) *RoleLimit {
	n := f.get(key)
	if n.absent() {
		return nil
	}
	g := f.r.mapping(n, f.itemOf(key))
	out := &RoleLimit{Global: g.positive("global"), PerRole: map[string]int{}}
	if roles := g.get("per_role"); !roles.absent() {
		h := f.r.mapping(roles, g.itemOf("per_role"))
		for _, e := range h.order {
			if limit := h.positive(e.key); limit != nil {
				out.PerRole[e.key] = *limit
			}
		}
	}
	g.doneStrictly()
	return out
}

// positive is a number above zero, nil where key is absent.
func (f *mapping) positive(key string) *int {
	i := f.integer(key)
	if i != nil && *i <= 0 {
		f.errorf(f.keyPos(key), "invalid %q: expected a positive number, found %d", key, *i)
		return nil
	}
	return i
}

func (f *mapping) rateLimits(key string) *RateLimits {
	n := f.get(key)
	if n.absent() {
		return nil
	}
	g := f.r.mapping(n, f.itemOf(key))
	out := &RateLimits{Global: g.rateLimit("global"), PerRole: map[string]*RateLimit{}}
	if roles := g.get("per_role"); !roles.absent() {
		h := f.r.mapping(roles, g.itemOf("per_role"))
		for _, e := range h.order {
			out.PerRole[e.key] = h.rateLimit(e.key)
		}
	}
	g.doneStrictly()
	return out
}

// rateLimit is {max_reqs_per_min: n, unique_params: null | IP | [x-hasura-...]}.
func (f *mapping) rateLimit(key string) *RateLimit {
	n := f.get(key)
	if n.absent() {
		return nil
	}
	g := f.r.mapping(n, f.itemOf(key))
	out := &RateLimit{}
	if perMinute := g.positive("max_reqs_per_min"); perMinute != nil {
		out.PerMinute = *perMinute
	} else if !g.has("max_reqs_per_min") {
		g.missing("max_reqs_per_min", "")
	}
	g.readUniqueParams(out)
	g.doneStrictly()
	return out
}

func (f *mapping) readUniqueParams(l *RateLimit) {
	n := f.get("unique_params")
	if n.absent() {
		return
	}
	if text, ok := n.text(); ok {
		if text != "IP" {
			f.errorf(f.keyPos("unique_params"), `invalid "unique_params": expected IP or a list of session variables, found %q`, text)
		}
		l.ByIP = true
		return
	}
	for _, name := range f.texts("unique_params") {
		l.Variables = append(l.Variables, strings.ToLower(name))
	}
}
