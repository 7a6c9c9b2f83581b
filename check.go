package joinery

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/subgraph"
)

// SDL is the subgraph's schema, as a router composes it, without anything being served: what the handlers need may be
// missing from the environment. Faults of the metadata are [metadata.Faults].
func SDL(ctx context.Context, c Config) (string, error) {
	if err := c.setDefaults(); err != nil {
		return "", err
	}
	md, faults := metadata.Read(c.Metadata)
	if err := faults.Err(); err != nil {
		return "", err
	}
	s := &Service{shared: &shared{}}
	defer s.Close()
	if err := s.build(ctx, c, md); err != nil {
		return "", err
	}
	if err := strictly(s.faults).Err(); err != nil {
		return "", err
	}
	return s.SDL(), nil
}

// Operation is what a client may ask for.
type Operation struct {
	Query     string          `json:"query"`
	Name      string          `json:"operationName,omitempty"` // "" where the document has one operation
	Variables json.RawMessage `json:"variables,omitempty"`     // a JSON object; nil means none
	Role      string          `json:"-"`                       // "" means admin
}

// Explain tells how an operation would be answered, without anything being served or run: what the handlers need may be
// missing from the environment. Faults of the metadata are [metadata.Faults], those of the operation are gqlerror.List.
func Explain(ctx context.Context, c Config, o Operation) (*subgraph.JoinPlan, error) {
	if err := c.setDefaults(); err != nil {
		return nil, err
	}
	md, faults := metadata.Read(c.Metadata)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	s := &Service{shared: &shared{}}
	defer s.Close()
	if err := s.build(ctx, c, md); err != nil {
		return nil, err
	}
	request, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("invalid variables: %w", err)
	}
	handler := subgraph.NewHandler(s.schema, subgraph.Options{Log: c.Log, Introspection: true, Limits: c.Limits})
	plan, errs := handler.Explain(ctx, &auth.Session{Role: cmp.Or(o.Role, metadata.AdminRole)}, request)
	if errs != nil {
		return nil, errs
	}
	return plan, nil
}

// Check returns all faults of the metadata, warnings included: of its files, of the environment that its handlers
// need, and, with databases, of what it says about them, with [entities.Model.Advice]. Where a database's URL isn't known, a warning says that its
// tables and columns were not checked. The error is of another kind: a database that can't be reached.
func Check(ctx context.Context, c Config, databases bool) (metadata.Faults, error) {
	if err := c.setDefaults(); err != nil {
		return nil, err
	}
	md, faults := metadata.Read(c.Metadata)
	_, actionFaults := actions.New(md, c.actionOptions())
	actionFaults = elsewhere(actionFaults, faults, md)
	if databases && faults.Err() == nil {
		databaseFaults, err := checkDatabases(ctx, c, md)
		if err != nil {
			return nil, err
		}
		actionFaults = append(actionFaults, databaseFaults...)
	}
	return append(faults, actionFaults...), nil
}

// elsewhere are the faults of actions and headers that known has no error about: what could not be read can't be made a
// handler. An action without an output type is one whose SDL could not be read.
func elsewhere(faults, known metadata.Faults, md *metadata.Metadata) metadata.Faults {
	unread := known.Of(metadata.Error)
	return slices.DeleteFunc(faults, func(f metadata.Fault) bool {
		return slices.ContainsFunc(unread, func(e metadata.Fault) bool {
			return e.Pos == f.Pos || e.Item == f.Item && strings.HasPrefix(f.Item, "header ")
		}) || slices.ContainsFunc(md.Actions, func(a *metadata.Action) bool { return a.Output == nil && a.Pos == f.Pos })
	})
}

func checkDatabases(ctx context.Context, c Config, md *metadata.Metadata) (metadata.Faults, error) {
	if faults := c.checkRowSecurity(md); faults != nil {
		return faults, nil
	}
	if _, faults := findDatabases(md, c); faults.Err() != nil && c.DatabaseURL == "" {
		for i := range faults {
			faults[i].Severity = metadata.Warning
			faults[i].Message = "tables and columns were not checked: " + faults[i].Message
		}
		return faults, nil
	}
	s := &Service{shared: &shared{}}
	defer s.Close()
	var faults metadata.Faults
	if err := s.build(ctx, c, md); err != nil && !errors.As(err, &faults) {
		return nil, err
	}
	faults = append(strictly(s.faults), faults...)
	if s.model != nil {
		faults = append(faults, s.model.Advice(md)...)
	}
	return faults, nil
}
