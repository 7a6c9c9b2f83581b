package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/console"
	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/subgraph"
	"github.com/joinery-graphql/joinery/supergraph"
)

// consoleFlags say whether and how the console is served.
type consoleFlags struct {
	Console          bool   `help:"Serve the console at /console/, for the admin (JOINERY_ENABLE_CONSOLE, HASURA_GRAPHQL_ENABLE_CONSOLE)." vars:"JOINERY_ENABLE_CONSOLE,HASURA_GRAPHQL_ENABLE_CONSOLE"`
	ConsoleRouterURL string `help:"The router's GraphQL endpoint, for the console (JOINERY_CONSOLE_ROUTER_URL)." placeholder:"URL" vars:"JOINERY_CONSOLE_ROUTER_URL"`
	ConsoleJaegerURL string `help:"Jaeger's page, for links to traces in the console (JOINERY_CONSOLE_JAEGER_URL)." placeholder:"URL" vars:"JOINERY_CONSOLE_JAEGER_URL"`
	Supergraph       string `help:"Supergraph config, as rover reads it: lets the console say whether a change composes (JOINERY_SUPERGRAPH)." placeholder:"FILE" vars:"JOINERY_SUPERGRAPH"`
	Subgraph         string `help:"Which subgraph of --supergraph this is (JOINERY_SUBGRAPH)." default:"joinery" placeholder:"NAME" vars:"JOINERY_SUBGRAPH"`
}

// console is nil where it isn't enabled.
func (f *consoleFlags) console(live *joinery.Live, joinPlans *subgraph.JoinPlans, dir string, access *auth.Config, log *slog.Logger) (*console.Console, error) {
	if !f.Console {
		return nil, nil //nolint:nilnil // a console that isn't enabled is none
	}
	if !access.IsOpen() && access.AdminSecret == "" {
		return nil, errors.New("the console needs --admin-secret (JOINERY_ADMIN_SECRET): it is for the admin")
	}
	s := &consoleService{live: live, own: f.Subgraph, joinPlans: joinPlans, composer: &supergraph.Composer{}}
	if f.Supergraph != "" {
		config, err := supergraph.ReadConfig(f.Supergraph)
		if err != nil {
			return nil, err
		}
		if i := s.find(config); i < 0 {
			return nil, fmt.Errorf("%s has no subgraph %q: name this one with --subgraph", f.Supergraph, f.Subgraph)
		}
		s.config = config
	}
	c := console.New(s, console.Options{
		Dir: dir, Version: version(), Log: log, Admin: live.FromAdmin, Open: access.IsOpen(),
		RouterURL: f.ConsoleRouterURL, JaegerURL: f.ConsoleJaegerURL, Supergraph: s.config != nil,
	})
	if !c.Built() {
		log.Warn("the console's page was not built into this program: run make build in a clone of Joinery")
	}
	return c, nil
}

// consoleService is the service as the console sees it.
type consoleService struct {
	live   *joinery.Live
	config *supergraph.Config // nil where nobody said what else is composed
	own    string             // this subgraph's name there

	joinPlans *subgraph.JoinPlans
	composer  *supergraph.Composer // its Node.js ends with the program
}

func (s *consoleService) Served() console.Served {
	state, service := s.live.State(), s.live.Service()
	return console.Served{
		Generation: state.Generation, LoadedAt: state.LoadedAt, Kept: state.Err != nil, Faults: servedFaults(state),
		Catalogs: service.Catalogs(), SDL: service.SDL(), Executable: service.ExecutableSDL(),
	}
}

// servedFaults has what isn't a fault of the metadata, too, such as a database that can't be reached.
func servedFaults(state joinery.State) metadata.Faults {
	var known metadata.Faults
	if state.Err == nil || errors.As(state.Err, &known) {
		return state.Faults
	}
	return metadata.Faults{{Message: state.Err.Error()}}
}

func (s *consoleService) Changed() <-chan struct{} { return s.live.Changed() }

func (s *consoleService) Reload(ctx context.Context) error { return s.live.Reload(ctx) }

func (s *consoleService) Watch(traceID string) { s.joinPlans.Watch(traceID) }

func (s *consoleService) JoinPlans(traceID string) []json.RawMessage { return s.joinPlans.Of(traceID) }

func (s *consoleService) Try(ctx context.Context, dir fs.FS) (console.Trial, error) {
	service, err := s.live.Preview(ctx, dir)
	if err != nil {
		return nil, err
	}
	return trial{service}, nil
}

// trial is a preview as the console sees it.
type trial struct{ *joinery.Service }

func (t trial) Ask(ctx context.Context, role string, variables map[string]string, body []byte) []byte {
	session := &auth.Session{Role: role, Variables: maps.Clone(variables)}
	session.Variables["x-hasura-role"] = role
	return t.Answer(ctx, session, body)
}

func (s *consoleService) find(config *supergraph.Config) int {
	return slices.IndexFunc(config.Subgraphs, func(g supergraph.Subgraph) bool { return g.Name == s.own })
}

// Supergraph composes with the SDL in place of this subgraph's.
func (s *consoleService) Supergraph(ctx context.Context, sdl string) console.Supergraph {
	out := console.Supergraph{Errors: []string{}, Subgraphs: []console.SubgraphTypes{}}
	if s.config == nil {
		out.Reason = "it isn't known what else is composed: give --supergraph"
		return out
	}
	config := *s.config
	config.Subgraphs = slices.Clone(config.Subgraphs)
	config.Subgraphs[s.find(&config)].Schema = supergraph.Schema{SDL: sdl}
	checked, err := s.composer.Check(ctx, &config)
	if err != nil {
		out.Reason = err.Error()
		return out
	}
	out.Checked, out.Composes = true, true
	for _, p := range checked.Problems {
		if p.Level == supergraph.LevelError {
			out.Composes = false
			out.Errors = append(out.Errors, p.Code+": "+p.Message)
		}
	}
	for i, types := range checked.Subgraphs {
		out.Subgraphs = append(out.Subgraphs, subgraphTypes(types, config.Subgraphs[i].RoutingURL, types.Subgraph == s.own))
	}
	return out
}

func subgraphTypes(types supergraph.Types, url string, own bool) console.SubgraphTypes {
	out := console.SubgraphTypes{Name: types.Subgraph, Own: own, RoutingURL: url, Types: []console.SubgraphType{}}
	for _, t := range types.Types {
		typ := console.SubgraphType{Name: t.Name, Keys: []string{}, Fields: []string{}}
		for _, k := range t.Keys {
			typ.Keys = append(typ.Keys, k.Fields)
		}
		for _, f := range t.Fields {
			typ.Fields = append(typ.Fields, f.Name)
		}
		out.Types = append(out.Types, typ)
	}
	return out
}

var (
	_ console.Service = (*consoleService)(nil)
	_ console.Trial   = trial{}
)
