package localstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/joinery-graphql/joinery/internal/subprocess"
)

const startTimeout = 30 * time.Second

// child is a program of the stack, which has a log.
type child struct {
	*subprocess.Process
	name string
	log  string // path of its output
}

// startChild starts cmd with its output in a new file at log.
func startChild(name string, cmd *exec.Cmd, log string) (*child, error) {
	output, err := os.Create(log)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output
	p, err := subprocess.Start(cmd)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return &child{p, name, log}, nil
}

// ready returns once url answers 200. Errors: the child has ended; it isn't ready in time; the cause of ctx's end.
func (c *child) ready(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	switch err := c.Ready(ctx, url); {
	case errors.Is(err, subprocess.ErrEnded):
		return c.ended()
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s doesn't answer at %s after %s%s", c.name, url, startTimeout, lastLines(c.log))
	default:
		return err
	}
}

// ended tells how a child ended that should have gone on.
func (c *child) ended() error {
	return fmt.Errorf("%s ended: %s%s", c.name, c.Status(), lastLines(c.log))
}

func (c *child) stop() { c.Stop(subprocess.Grace) }

const shownLines, shownBytes = 12, 4096

// lastLines is the end of a log, for an error message; empty where there is none.
func lastLines(path string) string {
	text, err := readEnd(path, shownBytes)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) > shownLines {
		lines = lines[len(lines)-shownLines:]
	}
	if len(lines) == 1 && lines[0] == "" {
		return "; its log " + shown(path) + " is empty"
	}
	return "; the end of " + shown(path) + ":\n    " + strings.Join(lines, "\n    ")
}

func readEnd(path string, size int64) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	start := max(0, info.Size()-size)
	content := make([]byte, info.Size()-start)
	if _, err := file.ReadAt(content, start); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return string(content), nil
}
