// Command auth0standin is a local stand-in of the Auth0 Management API, for the example and for
// tests. It is not an identity provider. `auth0standin --help` lists its settings.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/joinery-graphql/joinery/supergraph/auth0profile/auth0standin"
	"github.com/joinery-graphql/joinery/supergraph/auth0profile/internal/program"
)

const about = `A local stand-in of the Auth0 Management API: /oauth/token, /api/v2/users and
/api/v2/users/{id} over the users of a file. For trying things out; not an identity provider.`

type settings struct {
	Listen       string   `default:"127.0.0.1:4003" help:"Address to listen on." from:"AUTH0STANDIN_LISTEN"`
	Users        string   `help:"JSON file: an array of Auth0 user objects." placeholder:"FILE" from:"AUTH0STANDIN_USERS"`
	ClientID     string   `name:"client-id" default:"standin" help:"Client id to accept." from:"AUTH0_CLIENT_ID"`
	ClientSecret string   `default:"standin-secret" help:"Client secret to accept." from:"AUTH0_CLIENT_SECRET"`
	NotIndexed   []string `help:"User whom a search doesn't find, as if just created; may be repeated." placeholder:"ID" sep:"none" from:"AUTH0STANDIN_NOT_INDEXED"`
	RateLimit    int      `help:"Management API calls per second; more get 429. 0: no limit." placeholder:"N" from:"AUTH0STANDIN_RATE_LIMIT"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "auth0standin:", err)
		os.Exit(1)
	}
}

// run is the program: it serves until ctx ends.
func run(ctx context.Context, args []string, env func(string) string, stdout io.Writer) error {
	var s settings
	if helped, err := program.Parse(&s, "auth0standin", about, args, env, stdout); helped || err != nil {
		return err
	}
	users, err := readUsers(s.Users)
	if err != nil {
		return err
	}
	standin, err := auth0standin.New(auth0standin.Options{
		Users: users, ClientID: s.ClientID, ClientSecret: s.ClientSecret,
		NotIndexed: s.NotIndexed, RateLimit: s.RateLimit,
	})
	if err != nil {
		return err
	}
	listener, err := program.Listen(ctx, s.Listen)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(stdout, nil))
	log.Info("this is a stand-in of the Auth0 Management API", "users", len(users))
	return program.Serve(ctx, listener, standin, log, func() {})
}

func readUsers(path string) ([]auth0standin.User, error) {
	if path == "" {
		return nil, errors.New("missing --users (AUTH0STANDIN_USERS): a JSON file with an array of Auth0 user objects")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read users: %w", err)
	}
	defer file.Close()
	users, err := auth0standin.ReadUsers(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return users, nil
}
