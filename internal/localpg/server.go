//go:build linux || darwin

package localpg

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	superuser   = "postgres"
	portTries   = 5                // a free port can be taken by another process before Postgres has it
	stopTimeout = 20 * time.Second // then the server is killed
)

// errPortInUse is how a server ends that can't have its port.
var errPortInUse = errors.New("port is in use")

// supervisor runs a server and stops it when its own standard input ends, which is when the parent closes its end of
// the pipe or is gone. Parameters: a folder to remove after an orderly end or "", then the server's command line.
// SIGINT is Postgres's fast shutdown (Server Administration, "Shutting Down the Server").
const supervisor = `
folder=$1
shift
exec 4<&0 </dev/null
"$@" 4<&- &
server=$!
{ read -r _ <&4; kill -INT "$server"; } >/dev/null 2>&1 &
watcher=$!
exec 4<&-
wait "$server"
status=$?
kill "$watcher" 2>/dev/null
[ "$status" != 0 ] || [ -z "$folder" ] || rm -rf "$folder" 2>/dev/null
exit "$status"
`

// A Server is a running Postgres. Safe for concurrent use.
type Server struct {
	url    string
	folder *folder
	cmd    *exec.Cmd
	stdin  io.Closer
	output *output
	ended  chan struct{} // closed after every process of the server is gone
	status error         // how it ended; read after ended

	stop    sync.Once
	stopErr error
}

// Start starts a server and waits until it accepts connections. ctx bounds the starting only: the server runs until
// Stop or the end of this process. The first start on a machine downloads Postgres: see the package comment.
// Errors: ErrUnavailable if it can't be downloaded; ctx.Err() if ctx ends first.
func Start(ctx context.Context, opts Options) (*Server, error) {
	server, err := start(ctx, opts)
	if err != nil {
		if ended := ctx.Err(); ended != nil {
			err = ended // whatever it made fail
		}
		return nil, fmt.Errorf("start embedded Postgres: %w", err)
	}
	return server, nil
}

func start(ctx context.Context, opts Options) (*Server, error) {
	who, err := ownAccount()
	if err != nil {
		return nil, err
	}
	f, err := openFolder(ctx, opts.DataDir, who)
	if err != nil {
		return nil, err
	}
	server, err := startIn(ctx, f, opts)
	if err != nil {
		return nil, errors.Join(err, f.discard())
	}
	_ = f.lock.Close() // from here on the server's processes hold the lock
	return server, nil
}

func startIn(ctx context.Context, f *folder, opts Options) (*Server, error) {
	version, err := f.version(opts.Version)
	if err != nil {
		return nil, err
	}
	binaries, err := binaries(ctx, opts, version, f.who)
	if err != nil {
		return nil, err
	}
	password, err := f.init(ctx, binaries, version)
	if err != nil {
		return nil, err
	}
	if err := f.ready(); err != nil {
		return nil, err
	}
	return serve(ctx, f, opts, binaries, password)
}

// serve runs the server on the wanted port, or on free ports until it gets one.
func serve(ctx context.Context, f *folder, opts Options, binaries, password string) (*Server, error) {
	for try := 1; ; try++ {
		port := opts.Port
		if port == 0 {
			var err error
			if port, err = freePort(); err != nil {
				return nil, err
			}
		}
		server, err := launch(f, opts, binaries, port)
		if err != nil {
			return nil, err
		}
		err = server.awaitReady(ctx)
		if err == nil {
			server.url = serverURL(port, password)
			return server, nil
		}
		if !errors.Is(err, errPortInUse) {
			return nil, err
		}
		if opts.Port != 0 || try == portTries {
			return nil, fmt.Errorf("port %d: %w", port, err)
		}
	}
}

func serverURL(port int, password string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		Path:     "/postgres",
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

func freePort() (int, error) {
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

// launch starts the processes of a server.
func launch(f *folder, opts Options, binaries string, port int) (*Server, error) {
	removed := ""
	if f.temporary {
		removed = f.path
	}
	args := append([]string{"-c", supervisor, "supervisor", removed, filepath.Join(binaries, "bin", "postgres")},
		serverArgs(f.data(), port, opts.Fsync)...)
	cmd := f.who.command(context.Background(), f.path, "/bin/sh", args...)
	cmd.ExtraFiles = []*os.File{f.lock}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	server := &Server{
		folder: f, cmd: cmd, stdin: stdin, output: newOutput(opts.Log),
		ended: make(chan struct{}),
	}
	go func() {
		defer close(server.ended)
		server.output.read(stderr)
		server.status = cmd.Wait()
	}()
	return server, nil
}

func serverArgs(data string, port int, fsync bool) []string {
	settings := []string{
		"port=" + strconv.Itoa(port),
		"listen_addresses=127.0.0.1",
		"unix_socket_directories=", // the path of a socket may be too long or not writable
		"max_connections=200",      // go test runs packages side by side
		"logging_collector=off",
		"lc_messages=C", // awaitReady reads the log
		"timezone=UTC",
	}
	if !fsync {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	args := []string{"-D", data}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return args
}

// awaitReady returns nil once the server accepts connections; on any error the server's processes are gone.
func (s *Server) awaitReady(ctx context.Context) error {
	select {
	case <-s.output.ready:
		return nil
	case <-s.ended:
		tail := s.output.tail()
		if strings.Contains(tail, "Address already in use") {
			return errPortInUse
		}
		return fmt.Errorf("the server ended (%w): %s", s.status, tail)
	case <-ctx.Done():
		return errors.Join(ctx.Err(), s.end())
	}
}

// URL returns the superuser's connection URL for the database postgres. It holds the password.
func (s *Server) URL() string { return s.url }

// Done is closed when the server is gone, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.ended }

// Stop ends all connections, stops the server, waits until it is gone, and removes its data if that is temporary.
// Further calls wait for the first and return its result.
// Errors: the server had ended before, or ended badly.
func (s *Server) Stop() error {
	s.stop.Do(func() {
		select {
		case <-s.ended:
			s.stopErr = fmt.Errorf("stop embedded Postgres: it had ended before (%w): %s", s.status, s.output.tail())
		default:
			if err := s.end(); err != nil {
				s.stopErr = fmt.Errorf("stop embedded Postgres: %w", err)
			}
		}
		if s.folder.temporary {
			s.stopErr = errors.Join(s.stopErr, os.RemoveAll(s.folder.path))
		}
	})
	return s.stopErr
}

// end stops the server's processes and waits for them.
func (s *Server) end() error {
	s.stdin.Close()
	timeout := time.NewTimer(stopTimeout)
	defer timeout.Stop()
	select {
	case <-s.ended:
		return s.status
	case <-timeout.C:
		err := syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.ended
		return errors.Join(fmt.Errorf("the server did not stop in %v and was killed", stopTimeout), err)
	}
}

// tailLines is how much of the log an error tells.
const tailLines = 10

// An output passes the server's log on and watches it.
type output struct {
	log   io.Writer
	ready chan struct{} // closed at the line that says so

	mu   sync.Mutex
	last []string
}

func newOutput(log io.Writer) *output { return &output{log: log, ready: make(chan struct{})} }

func (o *output) read(r io.Reader) {
	lines := bufio.NewReader(r)
	var once sync.Once
	for {
		line, err := lines.ReadString('\n')
		if line = strings.TrimSuffix(line, "\n"); line != "" {
			logf(o.log, "%s", line)
			o.keep(line)
		}
		if strings.HasSuffix(line, "database system is ready to accept connections") {
			once.Do(func() { close(o.ready) })
		}
		if err != nil {
			return
		}
	}
}

func (o *output) keep(line string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last = append(o.last, line); len(o.last) > tailLines {
		o.last = o.last[1:]
	}
}

func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.last, "\n")
}
