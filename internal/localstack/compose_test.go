package localstack

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/internal/testkit"
)

// repository is the folder with docker-compose.yml.
const repository = "../.."

func composeProject(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(repository, "docker-compose.yml")}, cli.WithResolvedPaths(true))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

var exactTag = regexp.MustCompile(`:v?\d+(\.\d+)+$`)

func TestComposeImagesPinned(t *testing.T) {
	t.Parallel()
	for name, service := range composeProject(t).Services {
		if service.Build == nil && !exactTag.MatchString(service.Image) {
			t.Errorf("%s: image %q has no exact version", name, service.Image)
		}
	}
	dockerfile, err := os.ReadFile(filepath.Join(repository, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatch(string(dockerfile), -1) {
		if !exactTag.MatchString(from[1]) {
			t.Errorf("Dockerfile: image %q has no exact version", from[1])
		}
	}
}

// TestComposeHealth: whoever waits for a service waits for its health, or for the end of one that does its work and ends.
func TestComposeHealth(t *testing.T) {
	t.Parallel()
	project := composeProject(t)
	ends := map[string]bool{}
	for name, service := range project.Services {
		for on, dependency := range service.DependsOn {
			switch {
			case project.Services[on].Name == "":
				t.Errorf("%s depends on %q, which doesn't exist", name, on)
			case dependency.Condition == types.ServiceConditionCompletedSuccessfully:
				ends[on] = true
			case dependency.Condition != types.ServiceConditionHealthy:
				t.Errorf("%s depends on %s: condition %q", name, on, dependency.Condition)
			}
		}
	}
	for name, service := range project.Services {
		if service.HealthCheck == nil && !ends[name] {
			t.Errorf("%s has no health check", name)
		}
	}
}

func TestComposeMounts(t *testing.T) {
	t.Parallel()
	for name, service := range composeProject(t).Services {
		for _, volume := range service.Volumes {
			if volume.Type != types.VolumeTypeBind {
				continue
			}
			if _, err := os.Stat(volume.Source); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if !volume.ReadOnly {
				t.Errorf("%s: %s is mounted to be written", name, volume.Source)
			}
		}
	}
}

// TestComposeLoopback: with development passwords, nothing is for the rest of the network.
func TestComposeLoopback(t *testing.T) {
	t.Parallel()
	for name, service := range composeProject(t).Services {
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s publishes %s on %q", name, port.Published, port.HostIP)
			}
		}
	}
}

// TestComposeCommands hands every command to the real program. With --help behind them, programs check the flags before
// it and do nothing.
func TestComposeCommands(t *testing.T) {
	t.Parallel()
	bin := builtPrograms(t)
	project := composeProject(t)
	for name, service := range project.Services {
		var path string
		args := service.Command
		switch {
		case name == "router":
			path = os.Getenv("APOLLO_ROUTER")
		case name == "jaeger":
			path = os.Getenv("JAEGER")
		case service.Build != nil && len(args) > 1:
			path, args = filepath.Join(bin, args[0]), args[1:]
		default:
			continue // takes no flags, or isn't a program of ours
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if path == "" {
				testkit.Skip(t, "set APOLLO_ROUTER and JAEGER to the programs")
			}
			if output, err := output(t.Context(), path, append(args, "--help")...); err != nil {
				t.Errorf("%v: %s", err, output)
			}
			if output, err := output(t.Context(), path, append(args, "--nonsense", "--help")...); err == nil {
				t.Errorf("takes a flag that it doesn't have: %s", output)
			}
		})
	}
}

func output(ctx context.Context, path string, args ...string) (string, error) {
	text, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	return string(text), err
}

// TestComposePrograms: the Dockerfile builds what services run, and nothing else.
func TestComposePrograms(t *testing.T) {
	t.Parallel()
	dockerfile, err := os.ReadFile(filepath.Join(repository, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	var built, run []string
	for _, m := range regexp.MustCompile(`go build .* -o /out/(\S*) (.*\S)`).FindAllStringSubmatch(string(dockerfile), -1) {
		packages := strings.Fields(strings.TrimSuffix(m[2], "\\"))
		for _, p := range packages {
			if _, err := os.Stat(filepath.Join(repository, p)); err != nil {
				t.Error(err)
			}
			if m[1] == "" {
				built = append(built, filepath.Base(p))
			}
		}
		if m[1] != "" {
			built = append(built, m[1])
		}
	}
	for _, service := range composeProject(t).Services {
		if service.Build != nil {
			run = append(run, service.Command[0])
		}
	}
	slices.Sort(built)
	slices.Sort(run)
	if diff := cmp.Diff(built, run); diff != "" {
		t.Errorf("built (-) and run (+):\n%s", diff)
	}
}

// TestComposeWires: what one service is told about another is where that one listens.
func TestComposeWires(t *testing.T) {
	t.Parallel()
	project := composeProject(t)
	listens := map[string]string{}
	for name, service := range project.Services {
		for _, text := range append(slices.Clone(service.Command), environmentValues(service)...) {
			if port, ok := strings.CutPrefix(text, "0.0.0.0:"); ok {
				listens[name] = port
			}
		}
	}
	listens["postgres"], listens["jaeger"] = "5432", "4318"
	urlRE := regexp.MustCompile(`//(?:\w+@)?([a-z0-9]+):(\d+)`)
	for name, service := range project.Services {
		for _, text := range environmentValues(service) {
			m := urlRE.FindStringSubmatch(text)
			if m != nil && listens[m[1]] != m[2] {
				t.Errorf("%s is told of %s at port %s, where it listens at %q", name, m[1], m[2], listens[m[1]])
			}
		}
	}
}

// TestComposeSecrets: what the router proves itself with is what Joinery asks for, and Joinery takes its settings.
func TestComposeSecrets(t *testing.T) {
	t.Parallel()
	project := composeProject(t)
	of := func(service, name string) string {
		value := project.Services[service].Environment[name]
		if value == nil {
			t.Fatalf("%s has no %s", service, name)
		}
		return *value
	}
	secret, err := auth.ParseJWTSecret(of("joinery", "JOINERY_JWT_SECRET"))
	if err != nil {
		t.Fatal(err)
	}
	config := auth.Config{
		AdminSecret: of("joinery", "JOINERY_ADMIN_SECRET"), RouterSecrets: []string{of("router", "JOINERY_ROUTER_SECRET")},
		JWTSecrets: []*auth.JWTSecret{secret}, UnauthorizedRole: of("joinery", "JOINERY_UNAUTHORIZED_ROLE"),
	}
	if err := config.Check(); err != nil || of("joinery", "JOINERY_ROUTER_SECRET") != config.RouterSecrets[0] {
		t.Errorf("router secret %s and %s, %v", of("joinery", "JOINERY_ROUTER_SECRET"), config.RouterSecrets[0], err)
	}
	if _, ok := project.Services["router"].Environment["JOINERY_ADMIN_SECRET"]; ok {
		t.Error("the router has the admin secret, which it doesn't need")
	}
}

func environmentValues(service types.ServiceConfig) (values []string) {
	for _, value := range service.Environment {
		if value != nil {
			values = append(values, *value)
		}
	}
	return values
}
