package localstack

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
)

// joinery is Joinery with its console, which knows the router, Jaeger and what else is composed.
func (r *runner) joinery() (program, error) {
	env, err := r.expander().expandAll(r.file.Joinery.Env)
	if err != nil {
		return program{}, err
	}
	secret, made := r.adminSecret(env)
	if made {
		env["JOINERY_ADMIN_SECRET"] = secret
	}
	args := []string{
		"serve", "--metadata", r.in(r.file.Metadata.value), "--listen", r.addresses["joinery"], "--introspection", "--watch", "--watch-interval", "1s",
		"--console", "--console-router-url", "http://" + r.addresses["router"] + "/",
	}
	if r.jaeger != nil {
		args = append(args, "--console-jaeger-url", r.jaeger.URL())
	}
	composed, err := r.writeSupergraph()
	if err != nil {
		return program{}, err
	}
	switch {
	case made:
		secret = ", admin secret " + secret
	case secret != "":
		secret = ", with the admin secret of the environment"
	}
	r.tell("console", "http://%s/console/%s", r.addresses["joinery"], secret)
	return program{name: "joinery", path: r.Joinery, env: env, health: "/readyz", comment: "/graphql", args: append(args, composed...)}, nil
}

// proofs are the variables with which callers have to prove who they are.
var proofs = []string{
	"JOINERY_ROUTER_SECRET", "JOINERY_TLS_CLIENT_CA", "JOINERY_JWT_SECRET", "HASURA_GRAPHQL_JWT_SECRETS", "HASURA_GRAPHQL_JWT_SECRET",
	"JOINERY_AUTH_HOOK", "HASURA_GRAPHQL_AUTH_HOOK", "JOINERY_UNAUTHORIZED_ROLE", "HASURA_GRAPHQL_UNAUTHORIZED_ROLE",
}

// adminSecret is what the console asks for: "" where nobody has to prove anything. It is made for this run where callers
// have to, and the environment has none.
func (r *runner) adminSecret(env map[string]string) (secret string, made bool) {
	all := r.environ.with(env)
	for _, name := range []string{"JOINERY_ADMIN_SECRET", "HASURA_GRAPHQL_ADMIN_SECRET"} {
		if all[name] != "" {
			return all[name], false
		}
	}
	for _, name := range proofs {
		if all[name] != "" {
			return "admin-" + rand.Text(), true
		}
	}
	return "", false
}

// writeSupergraph writes what is composed as rover reads it, for the console, and returns the arguments that name it: none
// where Joinery isn't among the subgraphs.
func (r *runner) writeSupergraph() ([]string, error) {
	config, err := r.supergraph()
	if err != nil {
		return nil, err
	}
	own, subgraphs := "", yaml.MapSlice{}
	for _, s := range config.Subgraphs {
		if strings.HasPrefix(s.Schema.URL, "http://"+r.addresses["joinery"]+"/") {
			own = s.Name
		}
		schema := map[string]any{"subgraph_url": s.Schema.URL}
		if len(s.Schema.Headers) > 0 {
			schema["introspection_headers"] = s.Schema.Headers
		}
		subgraphs = append(subgraphs, yaml.MapItem{Key: s.Name, Value: map[string]any{"routing_url": s.RoutingURL, "schema": schema}})
	}
	if own == "" {
		return nil, nil
	}
	text, err := yaml.Marshal(map[string]any{"subgraphs": subgraphs})
	if err != nil {
		return nil, fmt.Errorf("write the supergraph config: %w", err)
	}
	path := filepath.Join(r.folder, "rover.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil { // it holds the router's secret
		return nil, fmt.Errorf("write the supergraph config: %w", err)
	}
	return []string{"--supergraph", path, "--subgraph", own}, nil
}
