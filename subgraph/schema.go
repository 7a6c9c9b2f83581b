package subgraph

import (
	"errors"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/remotes"
)

// Schema is the subgraph's schema and what answers its root fields. It does not change; it is safe for concurrent use.
type Schema struct {
	sdl     string
	schema  *ast.Schema
	model   *entities.Model
	actions map[string]map[string]*metadata.Action // by root type and field

	introspectionDisabledFor []string // roles
	metadata                 *metadata.Metadata

	caches bool // federation.yaml says how long answers may be kept
}

// NewSchema makes the schema of the metadata's actions, the model's types, and those that remote relationships lead to;
// client may be nil where there are none. The faults are what only GraphQL finds
// wrong with them, such as a table type that is named like an input object.
func NewSchema(md *metadata.Metadata, model *entities.Model, client *remotes.Client) (*Schema, metadata.Faults) {
	types, applied, faults := typeSDL(md, model, client)
	if faults != nil {
		return nil, faults
	}
	if faults := checkFederation(md.Federation, types); faults != nil {
		return nil, faults
	}
	custom := ""
	if md.Federation != nil && md.Federation.Definitions != "" {
		custom = "\n" + md.Federation.Definitions + "\n"
	}
	s := &Schema{
		sdl: links(applied, md.Federation) + types + custom, model: model, introspectionDisabledFor: md.IntrospectionDisabledFor, metadata: md,
		actions: map[string]map[string]*metadata.Action{"Query": {}, "Mutation": {}},
	}
	s.caches = md.Federation.Caches()
	for _, a := range md.Actions {
		root := map[metadata.Operation]string{metadata.Query: "Query", metadata.Mutation: "Mutation"}[a.Operation]
		s.actions[root][a.Name] = a
	}
	var err error
	s.schema, err = gqlparser.LoadSchema(&ast.Source{Name: "subgraph.graphql", Input: executableSDL(types, applied.definitions()+custom, len(s.actions["Query"])+len(model.Query.Fields) > 0, model)})
	if err != nil {
		return nil, metadata.Faults{{Item: "subgraph schema", Message: schemaMessage(err)}}
	}
	return s, nil
}

// SDL is the subgraph's schema as a router composes it: with @link and @key, without federation's additions.
func (s *Schema) SDL() string { return s.sdl }

// Executable is the schema that documents are validated against: with _entities and _service, without federation's directives
// on types. Tools that know nothing of federation read it.
func (s *Schema) Executable() string {
	var out strings.Builder
	formatter.NewFormatter(&out).FormatSchema(s.schema)
	return out.String()
}

func schemaMessage(err error) string {
	var gqlErr *gqlerror.Error
	if errors.As(err, &gqlErr) {
		return gqlErr.Message
	}
	return err.Error()
}
