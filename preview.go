package joinery

import (
	"context"
	"io/fs"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/subgraph"
)

// Preview makes a service of another metadata directory with the connections of s and the structure of its databases as s
// knows it, to look at it before it is served. It answers by [Service.Answer] only. Errors are those of [New].
func (s *Service) Preview(ctx context.Context, dir fs.FS) (*Service, error) {
	md, faults := metadata.Read(dir)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	c := s.config
	c.TracerProvider, c.MeterProvider = nil, nil // what is tried isn't what is served
	p := &Service{config: c, shared: s.shared, databases: s.databases, remotes: s.remotes, faults: faults.Of(metadata.Warning)}
	client, faults := actions.New(md, c.actionOptions())
	if err := join(p.note(faults), p.build(ctx, c, md)); err != nil {
		p.Close()
		return nil, err
	}
	options := c.handlerOptions(client, nil)
	options.Limits.Timeout = timeout(md, c.Limits.Timeout)
	options.Remotes = p.remotes
	p.handler = subgraph.NewHandler(p.schema, options)
	return p, nil
}

// Answer answers the body of a GraphQL request of a known caller, with its join plan.
func (s *Service) Answer(ctx context.Context, session *auth.Session, body []byte) []byte {
	return s.handler.Answer(ctx, session, body)
}

// Sees reports whether a role may follow a relationship of a type; not, where there is no such relationship.
func (s *Service) Sees(role, typeName, relationship string) bool {
	t := s.model.Type(typeName)
	if t == nil {
		return false
	}
	f := t.Field(relationship)
	return f != nil && (f.Relationship != nil || f.Remote() != nil) && s.model.Role(role).Sees(t, f)
}

// Metadata is what is served. It must not be changed.
func (s *Service) Metadata() *metadata.Metadata { return s.metadata }

// Catalogs are the structures of the databases, by source, as they were when the service was made. They must not be
// changed.
func (s *Service) Catalogs() map[string]*catalog.Catalog {
	out := map[string]*catalog.Catalog{}
	for name, db := range s.databases {
		out[name] = db.Catalog
	}
	return out
}
