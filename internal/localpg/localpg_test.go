//go:build linux || darwin

package localpg_test

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
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/joinery-graphql/joinery/internal/localpg"
)

// parentEnv makes the test binary a program that starts a server in the folder named and waits.
const parentEnv = "LOCALPG_TEST_PARENT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentEnv); dir != "" {
		parent(dir)
	}
	os.Exit(m.Run())
}

func parent(dir string) {
	if dir == "temporary" {
		dir = ""
	}
	server, err := localpg.Start(context.Background(), localpg.Options{DataDir: dir})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println(server.URL())
	select {} // until killed
}

func start(t *testing.T, opts localpg.Options) *localpg.Server {
	t.Helper()
	server, err := localpg.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func stop(t *testing.T, server *localpg.Server) {
	t.Helper()
	if err := server.Stop(); err != nil {
		t.Error(err)
	}
	select {
	case <-server.Done():
	default:
		t.Error("after Stop: Done is open")
	}
}

// query runs a statement on a new connection and returns its one value as text.
func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var value string
	if err := conn.QueryRow(t.Context(), sql, pgx.QueryExecModeSimpleProtocol).Scan(&value); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func port(t *testing.T, server *localpg.Server) int {
	t.Helper()
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestTemporary(t *testing.T) {
	t.Parallel()
	server := start(t, localpg.Options{})
	if got := query(t, server.URL(), "show fsync"); got != "off" {
		t.Errorf("got fsync %s, want off", got)
	}
	if got := query(t, server.URL(), "select upper('ä')"); got != "Ä" {
		t.Errorf("got upper('ä') = %s", got)
	}
	data := query(t, server.URL(), "show data_directory")
	stop(t, server)
	if _, err := os.Stat(filepath.Dir(data)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after Stop: got %v for the temporary folder, want it gone", err)
	}
	if err := server.Stop(); err != nil {
		t.Errorf("second Stop: %v", err)
	}
}

func TestSeveralAtATime(t *testing.T) {
	t.Parallel()
	var servers sync.WaitGroup
	for range 3 {
		servers.Go(func() {
			server, err := localpg.Start(t.Context(), localpg.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if err := server.Stop(); err != nil {
				t.Error(err)
			}
		})
	}
	servers.Wait()
}

func TestKept(t *testing.T) {
	t.Parallel()
	opts := localpg.Options{DataDir: filepath.Join(localpg.OpenTempDir(t), "deep", "postgres"), Fsync: true, Version: 15}
	first := start(t, opts)
	if got := query(t, first.URL(), "show fsync"); got != "on" {
		t.Errorf("got fsync %s, want on", got)
	}
	query(t, first.URL(), "create table kept as select 'here' as value")
	opts.Port = port(t, first)
	stop(t, first)

	opts.Version = 0 // that of the data
	second := start(t, opts)
	if first.URL() != second.URL() {
		t.Errorf("the URL changed over a restart")
	}
	if got := query(t, second.URL(), "select value from kept"); got != "here" {
		t.Errorf("got %q", got)
	}
	if got := query(t, second.URL(), "show server_version_num"); got[:2] != "15" {
		t.Errorf("got version %s, want that of the data, 15", got)
	}
	stop(t, second)

	opts.Version = 16
	if _, err := localpg.Start(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "is of Postgres 15, not 16") {
		t.Errorf("another version: got error %v", err)
	}
}

func TestInUse(t *testing.T) {
	t.Parallel()
	dir := localpg.OpenTempDir(t)
	server := start(t, localpg.Options{DataDir: dir})
	defer stop(t, server)
	if _, err := localpg.Start(t.Context(), localpg.Options{DataDir: dir}); err == nil || !strings.Contains(err.Error(), "is in use by another server") {
		t.Errorf("same folder: got error %v", err)
	}
	want := fmt.Sprintf("port %d: port is in use", port(t, server))
	if _, err := localpg.Start(t.Context(), localpg.Options{Port: port(t, server)}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("same port: got error %v, want %q", err, want)
	}
}

func TestRefusesOtherFolders(t *testing.T) {
	t.Parallel()
	dir := localpg.OpenTempDir(t)
	if err := os.WriteFile(filepath.Join(dir, "thesis.tex"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := localpg.Start(t.Context(), localpg.Options{DataDir: dir})
	if err == nil || !strings.Contains(err.Error(), `something else than Postgres: "thesis.tex"`) {
		t.Errorf("got error %v", err)
	}
}

func TestClosedFolder(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root runs the server under another account")
	}
	dir := filepath.Join(localpg.OpenTempDir(t), "closed")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := localpg.Start(t.Context(), localpg.Options{DataDir: filepath.Join(dir, "postgres")})
	if err == nil || !strings.Contains(err.Error(), "is closed to uid") {
		t.Errorf("got error %v", err)
	}
}

func TestContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := localpg.OpenTempDir(t)
	if _, err := localpg.Start(ctx, localpg.Options{DataDir: dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
	stop(t, start(t, localpg.Options{DataDir: dir})) // nothing is left that is in the way
}

func TestUnfinishedInit(t *testing.T) {
	t.Parallel()
	dir := localpg.OpenTempDir(t)
	if err := os.MkdirAll(filepath.Join(dir, "data.new", "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	stop(t, start(t, localpg.Options{DataDir: dir}))
}

// startAndKillParent runs use with the URL of a server that another process started, then kills that process.
func startAndKillParent(t *testing.T, dir string, use func(url string)) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), parentEnv+"="+dir)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	url := strings.TrimSpace(line)
	if err != nil || !strings.HasPrefix(url, "postgres:") {
		t.Fatalf("got %q, %v from the parent", line, err)
	}
	use(url)
}

// The parent is killed: its server ends by itself, and the next one finds the data.
func TestParentKilled(t *testing.T) {
	t.Parallel()
	dir := localpg.OpenTempDir(t)
	var old string
	startAndKillParent(t, dir, func(url string) {
		old = url
		query(t, url, "create table kept as select 'here' as value")
	})
	server := start(t, localpg.Options{DataDir: dir}) // would fail if the old one didn't end
	defer stop(t, server)
	if got := query(t, server.URL(), "select value from kept"); got != "here" {
		t.Errorf("got %q", got)
	}
	if conn, err := pgx.Connect(t.Context(), old); err == nil {
		conn.Close(t.Context())
		t.Errorf("the old server still answers")
	}
}

// The parent of a temporary server is killed: its data goes.
func TestTemporaryParentKilled(t *testing.T) {
	t.Parallel()
	var folder string
	startAndKillParent(t, "temporary", func(url string) {
		folder = filepath.Dir(query(t, url, "show data_directory"))
	})
	for deadline := time.Now().Add(20 * time.Second); ; {
		if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%q is still there", folder)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// The server is killed: Done and Stop tell, and the pid file it leaves is in nobody's way, even if the number belongs
// to a living process again.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	dir := localpg.OpenTempDir(t)
	server := start(t, localpg.Options{DataDir: dir})
	pidFile := filepath.Join(dir, "data", "postmaster.pid")
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	first, rest, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case <-server.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the server was killed, Done is open")
	}
	if err := server.Stop(); err == nil || !strings.Contains(err.Error(), "it had ended before") {
		t.Errorf("Stop: got error %v", err)
	}

	alive := sleeper(t, dir)
	if err := os.WriteFile(pidFile, fmt.Appendf(nil, "%d\n%s", alive, rest), 0o600); err != nil {
		t.Fatal(err)
	}
	stop(t, start(t, localpg.Options{DataDir: dir}))
}

// sleeper is a living process of the account that owns dir/data. Returns its pid.
func sleeper(t *testing.T, dir string) int {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/cat")
	if owner := info.Sys().(*syscall.Stat_t); int(owner.Uid) != os.Geteuid() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); cmd.Wait() })
	return cmd.Process.Pid
}

// Logs are passed on, and a server with a client at work stops.
func TestLogAndBusyStop(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	lines := make(chan string, 1)
	go func() {
		for s := bufio.NewScanner(r); s.Scan(); {
			if strings.Contains(s.Text(), "no_such_table") {
				select {
				case lines <- s.Text():
				default:
				}
			}
		}
	}()
	server := start(t, localpg.Options{Log: w})
	conn, err := pgx.Connect(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "table no_such_table"); err == nil {
		t.Error("got no error")
	}
	<-lines
	ended := make(chan error, 1)
	go func() {
		_, err := conn.Exec(t.Context(), "select pg_sleep(600)")
		ended <- err
	}()
	stop(t, server)
	var closed *net.OpError
	if err := <-ended; err == nil || errors.As(err, &closed) && closed.Timeout() {
		t.Errorf("the client's statement: got %v, want it ended", err)
	}
}
