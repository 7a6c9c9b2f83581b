package remotes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/joinery-graphql/joinery/metadata"
)

// builder makes the remotes and relationships of a client.
type builder struct {
	*Client
	md        *metadata.Metadata
	lookupEnv func(string) (string, bool)
	known     *Client
	before    *Client
	faults    metadata.Faults
}

func (b *builder) warn(pos metadata.Pos, rule, item, message, hint string) {
	b.faults = append(b.faults, metadata.Fault{Pos: pos, Severity: metadata.Warning, Rule: rule, Item: item, Message: message, Hint: hint})
}

// led is a relationship with its table.
type led struct {
	table *metadata.Table
	*metadata.RemoteRelationship
}

func (l led) item() string {
	return fmt.Sprintf("remote relationship %q of table %q", l.Name, l.table.Name)
}

// relationshipsTo are those that lead to a remote schema, by its name.
func relationshipsTo(md *metadata.Metadata) map[string][]led {
	out := map[string][]led{}
	for _, s := range md.Sources {
		for _, t := range s.Tables {
			for _, r := range t.RemoteRelationships {
				if r.RemoteSchema != "" {
					out[r.RemoteSchema] = append(out[r.RemoteSchema], led{t, r})
				}
			}
		}
	}
	return out
}

func (b *builder) build(ctx context.Context) metadata.Faults {
	to := relationshipsTo(b.md)
	for _, s := range b.md.RemoteSchemas {
		if len(to[s.Name]) > 0 && (s.Subgraph == nil || !*s.Subgraph) {
			if r := b.remote(s); r != nil {
				b.remotes = append(b.remotes, r)
			}
		}
	}
	b.reportUnknown(to)
	b.load(ctx)
	for _, r := range b.remotes {
		for _, l := range to[r.name] {
			b.relationship(r, l)
		}
	}
	return b.faults
}

func (b *builder) reportUnknown(to map[string][]led) {
	var names []string
	for _, s := range b.md.RemoteSchemas {
		names = append(names, s.Name)
	}
	for name, relationships := range to {
		if slices.Contains(names, name) {
			continue
		}
		for _, l := range relationships {
			b.warn(l.Pos, "", l.item(), fmt.Sprintf("not served: there is no remote schema %q", name), metadata.DidYouMean(name, names))
		}
	}
}

// remote prepares a service, nil where something is wrong with its definition.
func (b *builder) remote(s *metadata.RemoteSchema) *remote {
	r := &remote{name: s.Name, metadata: s, configured: http.Header{}, permissions: map[string]*permission{}}
	text, err := b.urlOf(s)
	if err == nil {
		r.url, err = url.Parse(text)
	}
	if err == nil && (r.url.Host == "" || r.url.Scheme != "http" && r.url.Scheme != "https") {
		err = errors.New("invalid URL")
	}
	if err != nil {
		if parse := new(url.Error); errors.As(err, &parse) {
			err = errors.New("invalid URL") // its text may hold a secret
		}
		b.unreachable(s, err)
		return nil
	}
	for _, h := range s.Headers {
		value := h.Value
		if h.ValueFromEnv != "" {
			var ok bool
			if value, ok = b.lookupEnv(h.ValueFromEnv); !ok {
				b.unreachable(s, fmt.Errorf("missing environment variable %q of header %q", h.ValueFromEnv, h.Name))
				return nil
			}
		}
		r.configured.Set(h.Name, value)
	}
	return r
}

var template = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)

// urlOf is the service's URL, with {{NAME}} replaced by the environment.
func (b *builder) urlOf(s *metadata.RemoteSchema) (text string, err error) {
	if s.URL.FromEnv != "" {
		text, ok := b.lookupEnv(s.URL.FromEnv)
		if !ok {
			return "", fmt.Errorf("missing environment variable %q", s.URL.FromEnv)
		}
		return strings.TrimSpace(text), nil
	}
	text = template.ReplaceAllStringFunc(s.URL.Value, func(match string) string {
		name := template.FindStringSubmatch(match)[1]
		value, ok := b.lookupEnv(name)
		if !ok {
			err = fmt.Errorf("missing environment variable %q", name)
		}
		return value
	})
	return text, err
}

func (b *builder) unreachable(s *metadata.RemoteSchema, err error) {
	b.warn(s.Pos, UnreachableRule, fmt.Sprintf("remote schema %q", s.Name),
		fmt.Sprintf("its schema can't be had, so relationships to it are left out: %v", err),
		"give its SDL in federation.yaml, remote_schemas."+s.Name+".schema, so that nobody needs to ask for it")
}

// load gets the schemas of all services side by side, and leaves out those that can't be had or are subgraphs.
func (b *builder) load(ctx context.Context) {
	errs := make([]error, len(b.remotes))
	var wg sync.WaitGroup
	for i, r := range b.remotes {
		wg.Go(func() { errs[i] = b.loadOne(ctx, r) })
	}
	wg.Wait()
	all := b.remotes
	b.remotes = nil
	for i, r := range all {
		switch {
		case errs[i] != nil:
			b.unreachable(r.metadata, errs[i])
		case r.metadata.Subgraph == nil && r.schema.isSubgraph():
			b.warn(r.metadata.Pos, "", fmt.Sprintf("remote schema %q", r.name),
				"relationships to it are left to it: it is a subgraph, and can extend the tables' types itself",
				"write in federation.yaml remote_schemas."+r.name+".subgraph: true, or false to have Joinery follow them")
		default:
			b.remotes = append(b.remotes, r)
			b.permissions(r)
			if r.stale {
				b.warn(r.metadata.Pos, "", fmt.Sprintf("remote schema %q", r.name), "it doesn't answer: its schema is taken to be as it was before", "")
			}
		}
	}
}

func (b *builder) loadOne(ctx context.Context, r *remote) error {
	if r.sdl = cmp.Or(r.metadata.SDL, b.known.sdlOf(r)); r.sdl == "" {
		ctx, cancel := context.WithTimeout(ctx, min(r.metadata.Timeout, introspectionTimeout))
		defer cancel()
		var err error
		if r.sdl, err = b.introspect(ctx, r); err != nil {
			if r.sdl, r.stale = b.before.sdlOf(r), true; r.sdl == "" {
				return plain(err)
			}
		}
	}
	var err error
	r.schema, err = newSchema(r.sdl, r.metadata.Customization)
	if err != nil {
		return fmt.Errorf("invalid schema: %w", err)
	}
	return nil
}

// sdlOf is the schema that another client's service at the same place gave, "" where there is none. c may be nil.
func (c *Client) sdlOf(r *remote) string {
	if c == nil {
		return ""
	}
	for _, known := range c.remotes {
		if known.name == r.name && *known.url == *r.url {
			return known.sdl
		}
	}
	return ""
}

// plain leaves the URL out of an error.
func plain(err error) error {
	var u *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("no answer in time")
	case errors.As(err, &u):
		return u.Err
	}
	return err
}

func (b *builder) permissions(r *remote) {
	for _, p := range r.metadata.Permissions {
		permission, err := newPermission(r.schema, p.Schema)
		if err != nil {
			b.warn(p.Pos, "", fmt.Sprintf("permission of role %q on remote schema %q", p.Role, r.name), "left out: "+err.Error(), "")
			continue
		}
		r.permissions[p.Role] = permission
	}
	for _, role := range b.md.InheritedRoles {
		if r.permissions[role.Role] == nil {
			r.inherit(role)
		}
	}
}

// inherit gives an inherited role the permission of the one role of its set that has one. Of several Joinery makes none:
// a role may then have none, as with Hasura where they differ.
func (r *remote) inherit(role metadata.InheritedRole) {
	var found *permission
	for _, parent := range role.RoleSet {
		if p := r.permissions[parent]; p != nil {
			if found != nil {
				return
			}
			found = p
		}
	}
	if found != nil {
		r.permissions[role.Role] = found
	}
}

func (b *builder) relationship(r *remote, l led) {
	rel, err := newRelationship(r, l.RemoteRelationship)
	var f *relationshipFault
	switch {
	case errors.As(err, &f):
		b.warn(l.Pos, "", l.item(), "not served: "+f.message, f.hint)
	case err != nil:
		b.warn(l.Pos, "", l.item(), "not served: "+err.Error(), "")
	default:
		b.relationships[l.RemoteRelationship] = rel
	}
}
