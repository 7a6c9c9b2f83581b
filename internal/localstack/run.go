package localstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/joinery-graphql/joinery/supergraph"
)

// Options of [Run]. Joinery is required.
type Options struct {
	Joinery  string   // the program; programs of services are looked for beside it first
	Environ  []string // KEY=VALUE, of all programs; DATABASE_URL and OTEL_* in it are heeded
	Once     bool     // end after the operations
	NoJaeger bool
	Data     string // folder that keeps the data of the embedded Postgres; empty: they are temporary
	Cache    string // folder for logs and built programs; empty: .cache/dev

	Stdout io.Writer // operations, answers and addresses; nil discards
	Stderr io.Writer // what is going on; nil discards
}

func (o *Options) setDefaults() {
	if o.Stdout == nil {
		o.Stdout = io.Discard
	}
	if o.Stderr == nil {
		o.Stderr = io.Discard
	}
	if o.Cache == "" {
		o.Cache = filepath.Join(".cache", "dev")
	}
}

// Run starts the stack, runs its operations through the router, and stays until ctx ends or, with Options.Once, ends.
// Everything that it started has ended when it returns. Errors: a program can't be started or has ended by itself; with
// Options.Once, an answer is wrong or ctx ended before. Otherwise the end of ctx is none.
func Run(ctx context.Context, stack *Stack, o Options) error {
	o.setDefaults()
	r := &runner{Stack: stack, Options: o, environ: forPrograms(o.Environ), addresses: map[string]string{}}
	r.secrets = newSecrets(r.environ.lookup)
	ctx, r.fail = context.WithCancelCause(ctx)
	defer r.fail(nil)
	defer r.stop()
	err := r.run(ctx)
	if cause := context.Cause(ctx); cause != nil && ctx.Err() != nil {
		err = cause // what err tells only follows from it
	}
	if errors.Is(err, context.Canceled) && r.up {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted before all operations were answered")
	}
	return err
}

// runner is a stack at work.
type runner struct {
	*Stack
	Options
	environ   environment       // of all programs
	secrets   secrets           // of this run
	addresses map[string]string // host:port, by program
	ports     ports
	folder    string // for logs and built programs, of this run alone
	lines     []line // what is told at the end

	jaeger *supergraph.Jaeger // nil where there is none

	front      *front
	router     atomic.Pointer[supergraph.Router] // that answers now
	routerPath string                            // Apollo Router; empty for the stand-in
	routerLog  *os.File
	ending     sync.WaitGroup // routers before it

	composer supergraph.Composer
	composed []string // SDL of the subgraphs, as they were composed last
	schema   string   // file with the supergraph

	fail     context.CancelCauseFunc
	stopping atomic.Bool
	stops    []func()
	up       bool // all operations were answered, and we stay
}

// line is a program and what is to be known of it.
type line struct{ name, text string }

func (r *runner) tell(name, format string, args ...any) {
	r.lines = append(r.lines, line{name, fmt.Sprintf(format, args...)})
}

// say tells what is going on.
func (r *runner) say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.Stderr, format+"\n", args...)
}

func (r *runner) run(ctx context.Context) error {
	steps := []func(context.Context) error{
		r.reservePorts, r.makeFolder, r.startPostgres, r.migrate, r.startJaeger, r.startPrograms, r.tellTokens, r.startRouter,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	wrong, err := r.ask(ctx)
	if err != nil {
		return err
	}
	r.report()
	if r.Once {
		return wrongAnswers(wrong, len(r.file.Operations))
	}
	r.up = true
	_, _ = fmt.Fprintln(r.Stdout, "\nCtrl-C stops it.")
	r.keepComposed(ctx)
	return context.Cause(ctx)
}

func wrongAnswers(wrong, all int) error {
	if wrong == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d answers wrong", wrong, all)
}

func (r *runner) reservePorts(ctx context.Context) error {
	type want struct {
		name string
		port int
	}
	wanted := []want{{"router", defaultPort(r.file.Router.Port, defaultRouterPort)}, {"joinery", defaultPort(r.file.Joinery.Port, defaultJoineryPort)}}
	for _, s := range r.file.Services {
		wanted = append(wanted, want{s.Name.value, s.Port})
	}
	for _, w := range wanted {
		address, inUse, err := r.ports.reserve(ctx, w.name, w.port)
		if err != nil {
			return err
		}
		if inUse {
			r.say("port %d is in use: %s takes %s", w.port, w.name, address)
		}
		r.addresses[w.name] = address
	}
	return nil
}

func defaultPort(port, otherwise int) int {
	if port == 0 {
		return otherwise
	}
	return port
}

// makeFolder makes the folder of this run. Stacks side by side have routers on different ports, so the folder of one
// that didn't get the usual port is named after its own. Where the cache can't be written, it is a temporary folder.
func (r *runner) makeFolder(context.Context) error {
	name := r.name()
	if usual := fmt.Sprintf("127.0.0.1:%d", defaultPort(r.file.Router.Port, defaultRouterPort)); r.addresses["router"] != usual {
		name += "-" + portOf(r.addresses["router"])
	}
	folder, err := filepath.Abs(filepath.Join(r.Cache, name))
	if err != nil {
		return fmt.Errorf("make a folder for logs: %w", err)
	}
	if err = os.MkdirAll(folder, 0o755); err == nil {
		err = writable(folder)
	}
	if err != nil {
		if folder, err = os.MkdirTemp("", "joinery-dev-"); err != nil {
			return fmt.Errorf("make a folder for logs: %w", err)
		}
	}
	r.folder = folder
	return nil
}

func writable(folder string) error {
	file, err := os.CreateTemp(folder, ".writable-")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

func (r *runner) logPath(program string) string { return filepath.Join(r.folder, program+".log") }

// onStop has f called at the end, after everything that was started later has been stopped.
func (r *runner) onStop(f func()) { r.stops = append(r.stops, f) }

// watch fails the run when a program ends before it is stopped.
func (r *runner) watch(done <-chan struct{}, ended func() error) {
	go func() {
		<-done
		if !r.stopping.Load() {
			r.fail(ended())
		}
	}()
}

func (r *runner) stop() {
	r.stopping.Store(true)
	for _, stop := range slices.Backward(r.stops) {
		stop()
	}
	r.ports.close()
}

// report prints the addresses, the router's first.
func (r *runner) report() {
	_, _ = fmt.Fprintln(r.Stdout)
	for _, l := range slices.Backward(r.lines) {
		_, _ = fmt.Fprintf(r.Stdout, "  %-14s %s\n", l.name, l.text)
	}
	_, _ = fmt.Fprintf(r.Stdout, "  %-14s %s\n", "logs", shown(r.folder))
}

// shown is a path for people: relative where it is below the working directory.
func shown(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if relative, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(relative) {
		return relative
	}
	return path
}
