package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/joinery-graphql/joinery/bench/internal/dataset"
)

// machine is what the figures were measured on and with.
type machine struct {
	CPU      string   `json:"cpu"`
	CPUs     int      `json:"cpus"`
	System   string   `json:"system"`
	Versions []string `json:"versions"`
}

func describe(ctx context.Context, s *site, db *dataset.Database) machine {
	versions := []string{"Go " + strings.TrimPrefix(runtime.Version(), "go"), "Postgres " + db.Version}
	for _, module := range []string{"github.com/jackc/pgx/v5", "github.com/99designs/gqlgen", "github.com/graph-gophers/dataloader/v7"} {
		versions = append(versions, command(ctx, s.root, "go", "list", "-m", module))
	}
	versions = append(versions, "Node "+strings.TrimPrefix(command(ctx, s.root, "node", "--version"), "v"))
	return machine{
		CPU: cpuModel(), CPUs: runtime.NumCPU(), System: command(ctx, s.root, "uname", "-srm"),
		Versions: append(versions, packageVersions(s)...),
	}
}

func command(ctx context.Context, dir, name string, args ...string) string {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return name + " unknown"
	}
	return strings.TrimSpace(string(out))
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// packageVersions are the npm packages that are asked for by name.
func packageVersions(s *site) []string {
	text, err := os.ReadFile(filepath.Join(s.root, "bench", apollo, "package.json"))
	var manifest struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	if err != nil || json.Unmarshal(text, &manifest) != nil {
		return nil
	}
	var out []string
	for _, name := range []string{"@apollo/server", "@apollo/subgraph", "dataloader", "pg"} {
		out = append(out, name+" "+manifest.Dependencies[name])
	}
	return out
}
