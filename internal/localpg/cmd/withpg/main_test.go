package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// withpgEnv makes the test binary the program itself.
const withpgEnv = "WITHPG_TEST"

func TestMain(m *testing.M) {
	if os.Getenv(withpgEnv) != "" {
		main()
	}
	os.Exit(m.Run())
}

func withpg(t *testing.T, url string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), withpgEnv+"=1", urlEnv+"="+url)
	return cmd
}

func TestStatus(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args []string
		want int
		text string // in stderr
	}{
		"success":    {[]string{"--", "true"}, 0, ""},
		"status":     {[]string{"sh", "-c", "exit 7"}, 7, ""},
		"signal":     {[]string{"sh", "-c", "kill -TERM $$"}, 143, ""},
		"no_command": {[]string{"--"}, 2, "usage: withpg"},
		"not_found":  {[]string{"no-such-command"}, 1, `"no-such-command"`},
		"url_kept":   {[]string{"sh", "-c", `test "$TEST_DATABASE_URL" = given`}, 0, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := withpg(t, "given", test.args...)
			var stderr strings.Builder
			cmd.Stderr = &stderr
			err := cmd.Run()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != test.want {
				t.Errorf("got exit status %d, want %d", got, test.want)
			}
			if !strings.Contains(stderr.String(), test.text) {
				t.Errorf("got stderr %q, want %q in it", &stderr, test.text)
			}
		})
	}
}

// A signal reaches the command, and the server is gone when withpg ends.
func TestSignal(t *testing.T) {
	t.Parallel()
	cmd := withpg(t, "", "sh", "-c", `trap 'exit 9' TERM; echo "$TEST_DATABASE_URL"; while read -r _; do :; done`)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	url, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || !strings.HasPrefix(url, "postgres://") {
		t.Fatalf("got TEST_DATABASE_URL %q, %v", url, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 9 {
		t.Errorf("got exit status %d, want the command's, 9", got)
	}
	if conn, err := pgx.Connect(t.Context(), strings.TrimSpace(url)); err == nil {
		conn.Close(t.Context())
		t.Error("the server still answers")
	}
}
