package localstack

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// program is one to start: a service, or Joinery.
type program struct {
	name    string
	path    string
	args    []string
	env     map[string]string
	health  string // path
	comment string // for people
}

// startPrograms starts the services and Joinery side by side, and waits until they are ready.
func (r *runner) startPrograms(ctx context.Context) error {
	programs, err := r.programs(ctx)
	if err != nil {
		return err
	}
	children := make([]*child, len(programs))
	for i, p := range programs {
		r.say("starting %s", p.name)
		if children[i], err = r.start(p); err != nil {
			return err
		}
	}
	for i, p := range programs {
		if err := children[i].ready(ctx, "http://"+r.addresses[p.name]+p.health); err != nil {
			return err
		}
		r.tell(p.name, "http://%s%s", r.addresses[p.name], p.comment)
	}
	return nil
}

func (r *runner) start(p program) (*child, error) {
	cmd := exec.Command(p.path, p.args...) //nolint:noctx // stopped by its own group, gently
	cmd.Dir = r.dir
	cmd.Env = r.environ.with(p.env).pairs()
	r.ports.release(p.name)
	c, err := startChild(p.name, cmd, r.logPath(p.name))
	if err != nil {
		return nil, err
	}
	r.onStop(c.stop)
	r.watch(c.Done(), c.ended)
	return c, nil
}

// programs are the services that this environment needs, and Joinery.
func (r *runner) programs(ctx context.Context) ([]program, error) {
	var services []service
	for _, s := range r.file.Services {
		needed, err := r.needed(s)
		if err != nil {
			return nil, err
		}
		if needed {
			services = append(services, s)
		}
	}
	var programs []program
	for _, s := range services {
		p, err := r.service(ctx, s)
		if err != nil {
			return nil, err
		}
		programs = append(programs, p)
	}
	joinery, err := r.joinery()
	return append(programs, joinery), err
}

func (r *runner) expander() expander {
	return expander{path: r.path, addresses: r.addresses, secrets: r.secrets, lookupEnv: r.environ.lookup}
}

// needed decides about a service that stands in for something real: it isn't needed where all variables of the real one
// are set, and else gives them its own values.
func (r *runner) needed(s service) (bool, error) {
	var set, unset []string
	for name := range s.StandsInFor {
		if r.environ[name] != "" {
			set = append(set, name)
		} else {
			unset = append(unset, name)
		}
	}
	slices.Sort(set)
	slices.Sort(unset)
	switch {
	case len(set) == 0:
		values, err := r.expander().expandAll(s.StandsInFor)
		r.environ = r.environ.with(values)
		return true, err
	case len(unset) > 0:
		return false, fmt.Errorf("missing environment variables %s: set them too, or unset %s to have %s stand in",
			strings.Join(unset, ", "), strings.Join(set, ", "), s.Name.value)
	}
	r.say("%s isn't needed: %s are set", s.Name.value, strings.Join(set, ", "))
	r.ports.release(s.Name.value)
	return false, nil
}

func (r *runner) service(ctx context.Context, s service) (p program, err error) {
	p = program{name: s.Name.value, health: s.Health.value}
	if len(s.StandsInFor) > 0 {
		p.comment = " (a stand-in)"
	}
	if p.path, err = r.find(ctx, s); err != nil {
		return p, err
	}
	for _, argument := range s.Command[1:] {
		expanded, err := r.expander().expand(argument)
		if err != nil {
			return p, err
		}
		p.args = append(p.args, expanded)
	}
	p.env, err = r.expander().expandAll(s.Env)
	return p, err
}

// find looks for a service's program: a path is one below the stack's folder; a name is looked for beside Joinery's
// program, then on PATH, and is else built from its package.
func (r *runner) find(ctx context.Context, s service) (string, error) {
	name := s.Command[0].value
	if strings.ContainsRune(name, filepath.Separator) {
		return r.in(name), nil
	}
	beside := filepath.Join(filepath.Dir(r.Joinery), name)
	if path, err := exec.LookPath(beside); err == nil {
		return filepath.Abs(path)
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	if s.Package.value != "" {
		return r.build(ctx, name, s)
	}
	return "", fmt.Errorf("%s:%d: missing program %q: it is neither at %s nor on PATH", r.path, s.Command[0].line, name, beside)
}

func (r *runner) build(ctx context.Context, name string, s service) (string, error) {
	compiler, err := exec.LookPath("go")
	if err != nil {
		return "", fmt.Errorf("%s:%d: missing program %q: it is not on PATH, and there is no Go to build it from %s: %w",
			r.path, s.Command[0].line, name, s.Package.value, err)
	}
	r.say("building %s", name)
	path := filepath.Join(r.folder, "bin", name)
	cmd := exec.CommandContext(ctx, compiler, "build", "-o", path, s.Package.value)
	cmd.Dir = r.dir
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", name, err, output)
	}
	return path, nil
}

func portOf(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		panic("BUG: address without a port: " + address)
	}
	return port
}
