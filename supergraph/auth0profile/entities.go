package auth0profile

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/plugin/federation/fedruntime"

	"github.com/joinery-graphql/joinery/supergraph/auth0profile/internal/graph"
)

// sdl is the subgraph's schema as _service gives it.
//
//go:embed schema.graphql
var sdl string

// Names of the schema.
const (
	entityType   = "users"
	keyField     = "auth0_id"
	profileField = "auth0_profile"
	profileType  = "Auth0Profile"
)

// federation stands around the generated fields and mends what the generated code doesn't do:
// errors of a representation at its own index, one batch over all aliases of _entities, _service
// with introspection off. It also keeps the fields of a profile to the allowed ones.
type federation struct {
	allowed map[string]bool // fields of Auth0Profile
	max     int             // representations of one _entities field
}

// around is a [graphql.FieldMiddleware].
func (f *federation) around(ctx context.Context, next graphql.Resolver) (any, error) {
	field := graphql.GetFieldContext(ctx)
	switch {
	case field.Object == profileType && !f.allowed[field.Field.Name]:
		return nil, errFieldNotAllowed
	case field.Object == "Query" && field.Field.Name == "_service":
		return fedruntime.Service{SDL: sdl}, nil
	case field.Object == "Query" && field.Field.Name == "_entities":
		return f.entities(ctx, field, next)
	}
	return next(ctx)
}

// entities hands the valid representations to the generated code and puts the entities at the
// places of their representations. The others are null, with an error at their index if they are
// wrong.
func (f *federation) entities(ctx context.Context, field *graphql.FieldContext, next graphql.Resolver) (any, error) {
	batchFrom(ctx).collect(ctx, func() []string { return f.gather(graphql.GetOperationContext(ctx)) })

	given := field.Args["representations"].([]map[string]any) // as the generated code makes them
	var valid []map[string]any
	var places []int
	for i, representation := range given {
		id, err := f.key(i, representation)
		switch {
		case err != nil:
			graphql.AddError(graphql.WithPathContext(ctx, graphql.NewPathWithIndex(i)), err)
		case id != "":
			valid = append(valid, representation)
			places = append(places, i)
		}
	}
	entities := make([]fedruntime.Entity, len(given))
	field.Args["representations"] = valid
	result, err := next(ctx)
	if err != nil {
		return nil, err
	}
	for j, entity := range result.([]fedruntime.Entity) {
		entities[places[j]] = entity
	}
	return entities, nil
}

// key is the auth0_id of the representation at index i; empty for one that is null or empty.
func (f *federation) key(i int, representation map[string]any) (string, error) {
	if i >= f.max {
		return "", invalid(fmt.Sprintf("more than %d representations", f.max))
	}
	if name, _ := representation["__typename"].(string); name != entityType {
		return "", invalid("unknown __typename")
	}
	switch id, given := representation[keyField]; id := id.(type) {
	case string:
		if len(id) > maxIDBytes {
			return "", invalid(fmt.Sprintf("%s longer than %d bytes", keyField, maxIDBytes))
		}
		return id, nil
	case nil:
		if !given {
			return "", invalid("missing " + keyField)
		}
		return "", nil
	default:
		return "", invalid(keyField + " is not a string")
	}
}

// gather returns the ids of all representations of the operation whose profile is asked for, with
// duplicates. It looks at all _entities fields (aliases), which then run side by side.
func (f *federation) gather(op *graphql.OperationContext) []string {
	var ids []string
	for _, field := range graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Query"}) {
		if field.Name != "_entities" || !f.wantsProfile(op, field) {
			continue
		}
		for i, representation := range listOf(field.ArgumentMap(op.Variables)["representations"]) {
			if id, err := f.key(i, representation); err == nil && id != "" {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

func (f *federation) wantsProfile(op *graphql.OperationContext, entities graphql.CollectedField) bool {
	for _, field := range graphql.CollectFields(op, entities.Selections, []string{entityType, "_Entity"}) {
		if field.Name == profileField && f.needsAuth0(op, field) {
			return true
		}
	}
	return false
}

// needsAuth0 reports whether Auth0 must be asked for what is selected of a profile: not if all of it
// is refused anyway.
func (f *federation) needsAuth0(op *graphql.OperationContext, profile graphql.CollectedField) bool {
	for _, field := range graphql.CollectFields(op, profile.Selections, []string{profileType}) {
		if field.Name == "__typename" || f.allowed[field.Name] {
			return true
		}
	}
	return false
}

// listOf reads an argument of the type [_Any!]! as it is before gqlgen makes Go types of it. A
// single value is a list of one (GraphQL specification, 3.11). What is no object is skipped: the
// field's own run reports it.
func listOf(argument any) []map[string]any {
	switch argument := argument.(type) {
	case []map[string]any:
		return argument
	case map[string]any:
		return []map[string]any{argument}
	case []any:
		list := make([]map[string]any, len(argument))
		for i, item := range argument {
			list[i], _ = item.(map[string]any)
		}
		return list
	}
	return nil
}

// resolvers are the resolvers of the generated code.
type resolvers struct{ federation *federation }

func (r resolvers) Entity() graph.EntityResolver { return entityResolver{} }
func (r resolvers) Users() graph.UsersResolver   { return usersResolver(r) }

type entityResolver struct{}

// FindManyusersByAuth0IDs makes the entities; what they hold is resolved field by field.
func (entityResolver) FindManyusersByAuth0IDs(_ context.Context, keys []*graph.UsersByAuth0IDsInput) ([]*graph.Users, error) {
	users := make([]*graph.Users, len(keys))
	for i, key := range keys {
		users[i] = &graph.Users{Auth0ID: key.Auth0ID}
	}
	return users, nil
}

type usersResolver resolvers

func (r usersResolver) Auth0Profile(ctx context.Context, user *graph.Users) (*graph.Auth0Profile, error) {
	op, field := graphql.GetOperationContext(ctx), graphql.GetFieldContext(ctx).Field
	if !r.federation.needsAuth0(op, field) {
		return &graph.Auth0Profile{}, nil
	}
	profile, err := batchFrom(ctx).profile(ctx, user.Auth0ID)
	switch {
	case errors.Is(err, errInternal):
		return nil, err
	case err != nil:
		return nil, errUnavailable // load has told the log why
	}
	return profile, nil
}
