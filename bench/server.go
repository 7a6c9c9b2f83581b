package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Names of servers.
const (
	limit        = "limit"
	joinery      = "joinery"
	gqlgen       = "gqlgen"
	apollo       = "apollo"
	tracedSuffix = "-traced"
	roleSuffix   = "-role"
)

// server is a program to be measured.
type server struct {
	name, title string
	command     func(s *site) []string
	env         func(s *site) []string // beside what all have; nil means nothing
	warmUp      time.Duration          // before measuring, at least; zero means a turn
	header      string                 // lines that its requests have, each with its end
}

var servers = []server{
	{name: limit, title: "by hand, without GraphQL", command: built(limit)},
	{name: joinery, title: "Joinery", command: joineryCommand},
	{name: joinery + tracedSuffix, title: "Joinery, every request traced and exported", command: joineryCommand, env: traced},
	{name: joinery + roleSuffix, title: "Joinery, for a role with row filters", command: joineryCommand, header: "X-Hasura-Role: reader\r\nX-Hasura-Blocked-Id: 0\r\n"},
	{name: gqlgen, title: "gqlgen, dataloader", command: built(gqlgen)},
	{name: apollo, title: "Apollo Server, dataloader", command: node, warmUp: 5 * time.Second}, // V8 compiles hot code late
}

func built(name string) func(*site) []string {
	return func(s *site) []string { return []string{filepath.Join(s.dir, name)} }
}

func node(s *site) []string { return []string{"node", filepath.Join(s.dir, apollo, "index.js")} }

func joineryCommand(s *site) []string {
	return []string{filepath.Join(s.dir, joinery), "serve", "--metadata", filepath.Join(s.root, "bench", "metadata"), "--log-level", "warn"}
}

func traced(s *site) []string {
	return []string{"OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_EXPORTER_OTLP_ENDPOINT=" + s.sinkURL}
}

// poolConns is how many connections to Postgres every server may have.
const poolConns = "8"

// site is where the servers run.
type site struct {
	root        string // of the module
	dir         string // of what was built
	databaseURL string
	handlerURL  string
	sinkURL     string // takes traces and drops them
}

// build builds the programs and, if it is to run, installs Apollo Server's packages.
func (s *site) build(ctx context.Context, programs []server) error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", s.dir+string(filepath.Separator),
		"./cmd/joinery", "./bench/limit", "./bench/gqlgen", "./bench/handler")
	build.Dir = s.root
	if err := output(build); err != nil {
		return err
	}
	if slices.ContainsFunc(programs, func(p server) bool { return p.name == apollo }) {
		return s.installApollo(ctx)
	}
	return nil
}

// installApollo installs beside a copy of the sources, so that the work tree stays as it is.
func (s *site) installApollo(ctx context.Context) error {
	dir := filepath.Join(s.dir, apollo)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	changed := false
	for _, name := range []string{"index.js", "package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join(s.root, "bench", apollo, name))
		if err != nil {
			return err
		}
		have, err := os.ReadFile(filepath.Join(dir, name))
		changed = changed || err != nil || !bytes.Equal(have, text)
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err == nil && !changed {
		return nil
	}
	install := exec.CommandContext(ctx, "npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = dir
	return output(install)
}

func output(cmd *exec.Cmd) error {
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args[:2], " "), err, text)
	}
	return nil
}

// process is a server at work.
type process struct {
	server
	cmd      *exec.Cmd
	requests [][]byte
	address  string
	log      *bytes.Buffer
	ended    chan struct{}
}

// prepare makes the requests that the server is sent.
func (p *process) prepare(bodies [][]byte) {
	for _, body := range bodies {
		p.requests = append(p.requests, httpRequest(p.header, body))
	}
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// startAll starts servers; stop ends them.
func (s *site) startAll(ctx context.Context, programs []server) (processes []*process, stop func(), err error) {
	stop = func() {
		for _, p := range processes {
			p.stop()
		}
	}
	for _, program := range programs {
		p, err := s.start(ctx, program)
		if err != nil {
			stop()
			return nil, nil, err
		}
		processes = append(processes, p)
	}
	return processes, stop, nil
}

// start starts a server on a free port and waits until it takes connections.
func (s *site) start(ctx context.Context, srv server) (*process, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	command := srv.command(s)
	p := &process{server: srv, address: address, log: &bytes.Buffer{}, ended: make(chan struct{})}
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), command[0], command[1:]...) // stop ends it, in order
	p.cmd.Env = append(os.Environ(),
		"LISTEN="+address, "JOINERY_LISTEN="+address, "HANDLER_URL="+s.handlerURL, "NODE_ENV=production",
		"DATABASE_URL="+s.databaseURL, "POOL_MAX_CONNS="+poolConns)
	if srv.env != nil {
		p.cmd.Env = append(p.cmd.Env, srv.env(s)...)
	}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait()
	}()
	if err := p.awaitListening(ctx); err != nil {
		p.stop()
		return nil, fmt.Errorf("start %s: %w\n%s", srv.name, err, p.log)
	}
	return p, nil
}

const startTimeout = 30 * time.Second

var errEnded = errors.New("the process ended")

func (p *process) awaitListening(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		conn, err := dial(ctx, p.address)
		if err == nil {
			conn.close()
			return nil
		}
		select {
		case <-p.ended:
			return errEnded
		case <-ctx.Done():
			return err
		case <-poll.C:
		}
	}
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.ended:
	case <-time.After(5 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

func listen(ctx context.Context) (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", "127.0.0.1:0")
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := listen(ctx)
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// startSink takes traces by OTLP over HTTP and drops them.
func startSink(ctx context.Context) (url string, stop func(), err error) {
	l, err := listen(ctx)
	if err != nil {
		return "", nil, err
	}
	sink := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/x-protobuf")
	})}
	go func() { _ = sink.Serve(l) }()
	return "http://" + l.Addr().String(), func() { _ = sink.Close() }, nil
}
