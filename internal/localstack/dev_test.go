//go:build unix

package localstack

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/joinery-graphql/joinery/internal/pgtest"
)

// The answers of the example, as the documentation promises them.
const (
	hodorAnswer   = `{"data":{"createUser":{"id":"7ffd68ba-535e-4c72-9051-17cd4e8ed594","user":{"name":"Hodor","auth0_id":"hodor|hodor"}}}}`
	profileAnswer = `{"data":{"createUser":{"id":"7ffd68ba-535e-4c72-9051-17cd4e8ed594","user":{"name":"Hodor","auth0_id":"hodor|hodor","auth0_profile":{"email":"hodor@hodor.com","nickname":"Hodor","last_login":"2016-05-22T01:35:48.863Z"}}}}}`
)

// dev is a running `joinery dev`.
type dev struct {
	cmd            *exec.Cmd
	mark           string // in the environment of all its processes but Postgres's
	stdout, stderr bytes.Buffer
	up             chan struct{} // closed when it says that it stays up
	ended          chan error
}

// startDev runs `joinery dev` as a user does.
func startDev(t *testing.T, environ []string, args ...string) *dev {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what runs the whole stack")
	}
	if _, err := exec.LookPath("node"); err != nil && os.Getenv("CI") == "" {
		t.Skip("needs Node.js")
	}
	d := &dev{mark: "STACK_OF_TEST=" + t.TempDir(), up: make(chan struct{}), ended: make(chan error, 1)}
	args = append([]string{"dev", "--cache", filepath.Join(t.TempDir(), "cache")}, args...)
	d.cmd = exec.Command(filepath.Join(builtPrograms(t), "joinery"), args...)
	d.cmd.Env = append(append(environmentOfTests(), d.mark), environ...)
	d.cmd.Stderr = &d.stderr
	stdout, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go d.read(stdout)
	t.Cleanup(func() {
		_ = d.cmd.Process.Kill() // it has ended, unless the test failed
	})
	return d
}

// environmentOfTests is ours without what decides about a stack.
func environmentOfTests() []string {
	return slices.DeleteFunc(os.Environ(), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return name == databaseURL || strings.HasPrefix(name, "AUTH0") || strings.HasPrefix(name, "OTEL_") ||
			strings.HasPrefix(name, "JOINERY_") && name != "JOINERY_CACHE" && name != "JOINERY_POSTGRES_REPOSITORY"
	})
}

func (d *dev) read(stdout io.Reader) {
	lines := bufio.NewScanner(stdout)
	up := sync.OnceFunc(func() { close(d.up) })
	for lines.Scan() {
		d.stdout.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			up()
		}
	}
	d.ended <- d.cmd.Wait()
	up()
}

// wait returns the exit status, and what was printed.
func (d *dev) wait(t *testing.T) (status int, stdout, stderr string) {
	t.Helper()
	select {
	case err := <-d.ended:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
	case <-time.After(2 * time.Minute):
		t.Fatal("still running after two minutes")
	}
	return d.cmd.ProcessState.ExitCode(), d.stdout.String(), d.stderr.String()
}

// waitUp waits until the stack stays up.
func (d *dev) waitUp(t *testing.T) {
	t.Helper()
	select {
	case <-d.up:
	case <-time.After(time.Minute):
		t.Fatal("not up after a minute")
	}
}

// wantEmptied fails t if something of the stack is left. What was killed may take a moment.
func (d *dev) wantEmptied(t *testing.T) {
	t.Helper()
	waitFor(t, "the end of the programs", func() bool { return len(d.processes()) == 0 })
	if m := postgresRE.FindStringSubmatch(d.stdout.String()); m != nil {
		waitFor(t, "the end of postgres", func() bool { return !listening(t.Context(), m[1]) })
	}
}

var postgresRE = regexp.MustCompile(`postgres://postgres@(127\.0\.0\.1:\d+)/`)

func listening(ctx context.Context, address string) bool {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// processes are those of the stack, found in /proc; elsewhere than on Linux none.
func (d *dev) processes() (running []string) {
	paths, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range paths {
		if environ, err := os.ReadFile(path); err == nil && bytes.Contains(environ, []byte(d.mark)) {
			running = append(running, filepath.Dir(path))
		}
	}
	return running
}

func TestDevOnce(t *testing.T) {
	t.Parallel()
	d := startDev(t, nil, "--once", example)
	status, stdout, stderr := d.wait(t)
	if status != 0 {
		t.Fatalf("got exit status %d:\n%s%s", status, stdout, stderr)
	}
	for _, want := range []string{hodorAnswer + "\nright\n", profileAnswer + "\nright\n", "postgres://postgres@127.0.0.1:"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	if os.Getenv("APOLLO_ROUTER") != "" && !strings.Contains(stdout, "(Apollo Router)") {
		t.Errorf("the router isn't Apollo Router:\n%s", stdout)
	}
	if os.Getenv("JAEGER") != "" && !strings.Contains(stdout, "  jaeger ") {
		t.Errorf("no Jaeger:\n%s", stdout)
	}
	d.wantEmptied(t)
}

// TestDevOwnDatabase runs twice on one database of the user's.
func TestDevOwnDatabase(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for range 2 {
		d := startDev(t, []string{databaseURL + "=" + db.URL}, "--once", "--no-jaeger", example)
		if status, stdout, stderr := d.wait(t); status != 0 || !strings.Contains(stdout, "(DATABASE_URL)") {
			t.Fatalf("got exit status %d:\n%s%s", status, stdout, stderr)
		}
	}
	var users int
	if err := db.Conn(t).QueryRow(t.Context(), "select count(*) from users").Scan(&users); err != nil || users != 1 {
		t.Errorf("got %d users, %v; want Hodor alone", users, err)
	}
}

// TestDevStandInRouter has no Apollo Router, and secrets everywhere.
func TestDevStandInRouter(t *testing.T) {
	t.Parallel()
	environ := []string{"APOLLO_ROUTER=", "APOLLO_ELV2_LICENSE=", "JOINERY_ROUTER_SECRET=router-secret-1234,router-secret-5678", "JOINERY_ADMIN_SECRET=admin-secret", "AUTH0PROFILE_ROUTER_SECRET=router-secret"}
	d := startDev(t, environ, "--once", "--no-jaeger", example)
	status, stdout, stderr := d.wait(t)
	if status != 0 {
		t.Fatalf("got exit status %d:\n%s%s", status, stdout, stderr)
	}
	if strings.Contains(stdout, "(Apollo Router)") {
		t.Skip("an Apollo Router is on PATH or in the cache")
	}
	if !strings.Contains(stdout, "stands in for Apollo Router") || !strings.Contains(stdout, profileAnswer) {
		t.Errorf("got\n%s", stdout)
	}
}

// exampleWith is a stack like the example with replacements in its stack.yaml, old and new in turn, and one operation.
func exampleWith(t *testing.T, answer string, replacements ...string) string {
	t.Helper()
	folder, err := filepath.Abs(example)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(folder, stackFile))
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(content), "operations:")
	replacements = append(replacements,
		"metadata: metadata", "metadata: "+folder+"/metadata", "migrations: migrations", "migrations: "+folder+"/migrations",
		"auth0/users.json", folder+"/auth0/users.json")
	return stackWith(t, map[string]string{
		stackFile:        strings.NewReplacer(replacements...).Replace(before) + "operations: [create.graphql]\n",
		"create.graphql": `mutation { createUser(name: "Hodor") { id user { name auth0_id } } }`,
		"create.json":    answer,
	})
}

func TestDevWrongAnswer(t *testing.T) {
	t.Parallel()
	dir := exampleWith(t, strings.Replace(hodorAnswer, `"name":"Hodor"`, `"name":"Bran"`, 1))
	status, stdout, stderr := startDev(t, nil, "--once", "--no-jaeger", dir).wait(t)
	want := "wrong: create.json (-) and the answer (+) differ:\n  - data.createUser.user.name: \"Bran\"\n  + data.createUser.user.name: \"Hodor\"\n"
	if status != 1 || !strings.Contains(stdout, want) || !strings.HasSuffix(stderr, "joinery: 1 of 1 answers wrong\n") {
		t.Errorf("got exit status %d:\n%s%s", status, stdout, stderr)
	}
}

func TestDevFailingService(t *testing.T) {
	t.Parallel()
	dir := exampleWith(t, hodorAnswer, "HANDLER_LISTEN: ${handler.address}", "HANDLER_LISTEN: nowhere")
	d := startDev(t, nil, "--once", "--no-jaeger", dir)
	status, _, stderr := d.wait(t)
	if status != 1 || !regexp.MustCompile(`joinery: handler ended: exit status 1; the end of .*handler\.log:\n    handler: listen on "nowhere"`).MatchString(stderr) {
		t.Errorf("got exit status %d:\n%s", status, stderr)
	}
	d.wantEmptied(t)
}

func TestDevMissingProgram(t *testing.T) {
	t.Parallel()
	dir := exampleWith(t, hodorAnswer, "[hodor-handler]\n    package: ./handler", "[no-such-handler]")
	status, _, stderr := startDev(t, nil, "--once", "--no-jaeger", dir).wait(t)
	if status != 1 || !regexp.MustCompile(`stack\.yaml:\d+: missing program "no-such-handler": it is neither at .* nor on PATH\n$`).MatchString(stderr) {
		t.Errorf("got exit status %d:\n%s", status, stderr)
	}
}

func TestDevUnreachableDatabase(t *testing.T) {
	t.Parallel()
	d := startDev(t, []string{databaseURL + "=postgres://ann:secret@127.0.0.1:1/shop"}, "--once", example)
	status, _, stderr := d.wait(t)
	if status != 1 || !strings.Contains(stderr, "joinery: connect to the database: ") || strings.Contains(stderr, "secret") {
		t.Errorf("got exit status %d:\n%s", status, stderr)
	}
}

func TestDevSignals(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			d := startDev(t, nil, "--no-jaeger", exampleWith(t, hodorAnswer))
			d.waitUp(t)
			if n := len(d.processes()); runtime.GOOS == "linux" && n < 6 {
				t.Errorf("got %d processes with the mark; joinery dev, joinery, three services and the router have it", n)
			}
			if err := d.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if status, stdout, stderr := d.wait(t); status != 0 {
				t.Errorf("got exit status %d:\n%s%s", status, stdout, stderr)
			}
			d.wantEmptied(t)
		})
	}
}

// TestDevServiceDies ends a service of a stack that is up.
func TestDevServiceDies(t *testing.T) {
	t.Parallel()
	pid := filepath.Join(t.TempDir(), "pid")
	dir := exampleWith(t, hodorAnswer, "command: [hodor-handler]", "command: [sh, -c, 'echo $$ > "+pid+"; exec "+`"$HANDLER"`+"']")
	d := startDev(t, []string{"HANDLER=" + filepath.Join(builtPrograms(t), "hodor-handler")}, "--no-jaeger", dir)
	d.waitUp(t)
	text, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err, d.stderr.String())
	}
	var id int
	if _, err := fmt.Sscan(string(text), &id); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(id, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	status, _, stderr := d.wait(t)
	if status != 1 || !strings.Contains(stderr, "joinery: handler ended: signal: killed; ") {
		t.Errorf("got exit status %d:\n%s", status, stderr)
	}
	d.wantEmptied(t)
}
