// Command joinery serves a Hasura v2 metadata directory as an Apollo Federation 2 subgraph.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/joinery-graphql/joinery/metadata"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	code := run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// program is what a subcommand needs of its surroundings.
type program struct {
	ctx       context.Context //nolint:containedctx // bound once, to hand it to kong's Run methods
	lookupEnv func(string) (string, bool)
	stdout    io.Writer
	stderr    io.Writer
}

// cli is the command line. A flag takes its value from the variables of its vars tag where it isn't given.
type cli struct {
	Serve        serveCommand        `cmd:"" help:"Serve the subgraph."`
	Check        checkCommand        `cmd:"" help:"Report all faults of a metadata directory; exit status 1 if one is an error."`
	SDL          sdlCommand          `cmd:"" name:"sdl" help:"Print the subgraph's SDL, as rover reads it."`
	Explain      explainCommand      `cmd:"" help:"Print how an operation would be answered: its waves, relationships and SQL."`
	Relationship relationshipCommand `cmd:"" help:"Add, list, edit and remove action relationships."`
	Action       actionCommand       `cmd:"" help:"Add and remove actions."`
	Compose      composeCommand      `cmd:"" help:"Compose the subgraphs of a rover.yaml into a supergraph."`
	Dev          devCommand          `cmd:"" help:"Run the local stack: Postgres, handlers, subgraphs, router, Jaeger."`
	Version      kong.VersionFlag    `help:"Print the version."`
}

// run is the program: it returns the exit status. Everything it does ends with ctx.
func run(ctx context.Context, args []string, lookupEnv func(string) (string, bool), stdout, stderr io.Writer) int {
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "help":
		args = append(slices.Clone(args[1:]), "--help")
	}
	exit := -1
	parser, err := kong.New(&cli{},
		kong.Name("joinery"),
		kong.Description("Hasura actions and their relationships as an Apollo Federation subgraph."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exit = code }),
		kong.Vars{"version": version()},
		kong.Resolvers(environment(lookupEnv)),
	)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	command, err := parser.Parse(args)
	if exit >= 0 { // --help or --version was answered
		return exit
	}
	if err == nil {
		err = command.Run(&program{ctx: ctx, lookupEnv: lookupEnv, stdout: stdout, stderr: stderr})
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = errors.New("interrupted")
		}
	} else {
		err = commandLineError(err)
	}
	if err != nil {
		report(stderr, err)
		return 1
	}
	return 0
}

// commandLineError says where to look, in plainer words than kong's for a flag at the end of the line.
func commandLineError(err error) error {
	help := "joinery --help"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context.Selected() != nil {
		help = parse.Context.Selected().FullPath() + " --help"
	}
	text := strings.Replace(err.Error(), `expected string value but got "EOL" (<EOL>)`, "missing value", 1)
	return fmt.Errorf("%s; see %s", text, help)
}

// report prints an error: faults a line each, so that editors find their places, and how many they are.
func report(stderr io.Writer, err error) {
	for _, err := range parts(err) {
		if faults, ok := err.(metadata.Faults); ok { //nolint:errorlint // what wraps them has a text of its own
			_, _ = fmt.Fprintln(stderr, faults)
			err = errors.New(plural(len(faults), "error") + " in the metadata")
		}
		_, _ = fmt.Fprintln(stderr, "joinery:", strings.TrimSpace(err.Error()))
	}
}

// parts are the errors that errors.Join made one of.
func parts(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || strings.Join(texts(joined.Unwrap()), "\n") != err.Error() {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, parts(e)...)
	}
	return out
}

func texts(errs []error) []string {
	out := make([]string, len(errs))
	for i, err := range errs {
		out[i] = err.Error()
	}
	return out
}

// environment gives a flag the value of the first set variable of its vars tag. kong's own env tag reads the
// process's environment only, which tests can't replace.
func environment(lookupEnv func(string) (string, bool)) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		for name := range strings.SplitSeq(flag.Tag.Get("vars"), ",") {
			if value, ok := lookupEnv(name); ok && value != "" {
				return value, nil
			}
		}
		return nil, nil
	})
}

// version is the module's version, or "dev" where the program wasn't built from a released one.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}
