package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/joinery-graphql/joinery/supergraph"
)

type composeCommand struct {
	Config  string        `help:"Supergraph config, as rover reads it." default:"rover.yaml" placeholder:"FILE"`
	Output  string        `help:"File for the supergraph schema; - is standard output." default:"-" placeholder:"FILE"`
	Timeout time.Duration `help:"How long each running subgraph may take to answer with its schema." default:"10s"`
}

// Run composes once. Hints go to standard error: they don't stop a composition.
func (c *composeCommand) Run(p *program) error {
	config, err := supergraph.ReadConfig(c.Config)
	if err != nil {
		return err
	}
	result, err := supergraph.Compose(p.ctx, config, supergraph.Options{Timeout: c.Timeout, Log: p.stderr})
	if err != nil {
		return err
	}
	for _, hint := range result.Problems {
		_, _ = fmt.Fprintln(p.stderr, hint)
	}
	if c.Output == "" || c.Output == "-" {
		_, err = fmt.Fprint(p.stdout, result.SDL)
		return err
	}
	if err := replaceFile(c.Output, []byte(result.SDL)); err != nil {
		return fmt.Errorf("write the supergraph schema to %q: %w", c.Output, err)
	}
	return nil
}

// replaceFile writes a file as a whole or not at all: a router that watches it never reads half a schema. What isn't a
// regular file, such as a pipe, is written to.
func replaceFile(path string, content []byte) (err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(path, content, 0)
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // the link stays
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".joinery-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreMissing(os.Remove(temporary.Name())))
		}
	}()
	_, err = temporary.Write(content)
	if err := errors.Join(err, temporary.Chmod(0o644), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
