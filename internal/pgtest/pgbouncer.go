package pgtest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/joinery-graphql/joinery/internal/localpg"
	"github.com/joinery-graphql/joinery/internal/testkit"
)

// PgBouncer starts a PgBouncer in transaction mode, with one server connection, before the database at address, and
// returns the URL of that database behind it. It ends with t. It skips t where the program isn't found; where CI is set it
// fails t instead.
func PgBouncer(t testing.TB, address string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		testkit.Skip(t, "pgbouncer was not found: install it")
	}
	server, err := url.Parse(address)
	if err != nil {
		t.Fatal("invalid address of a database")
	}
	port := freePort(t)
	dir, err := os.MkdirTemp("", "pgbouncer") // not t.TempDir, which other users can't enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	password, _ := server.User.Password()
	config := fmt.Sprintf(`[databases]
%s = host=%s port=%s user=%s password=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 1
`, filepath.Base(server.Path), server.Hostname(), server.Port(), server.User.Username(), password, port)
	file := filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil { //nolint:gosec // another user reads it
		t.Fatal(err)
	}
	_ = os.Chmod(dir, 0o755) //nolint:gosec // as above
	cmd, err := localpg.Command(context.WithoutCancel(t.Context()), program, file)
	if err != nil {
		t.Fatal(err)
	}
	run(t, cmd)
	pooled := url.URL{Scheme: "postgres", User: url.User("anyone"), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: server.Path}
	await(t, pooled.String())
	return pooled.String()
}

// run starts a program until t ends.
func run(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("pgbouncer: %s", log.String())
		}
	})
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// await waits until connections are taken.
func await(t testing.TB, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, address)
		if err == nil {
			_ = conn.Close(ctx)
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("pgbouncer takes no connections: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
