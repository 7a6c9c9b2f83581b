package main

import (
	"errors"
	"fmt"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/metadata"
)

type checkCommand struct {
	metadataFlags
	NoDatabase bool `help:"Look at the files only, also where a database's URL is known."`
}

// Run prints every fault and warning. Where no database's URL is known, tables and columns are not looked at.
func (c *checkCommand) Run(p *program) error {
	config, err := c.config(p)
	if err != nil {
		return err
	}
	faults, err := joinery.Check(p.ctx, config, !c.NoDatabase)
	if err != nil {
		return err
	}
	for _, f := range c.place(faults) {
		_, _ = fmt.Fprintln(p.stdout, f)
	}
	summary := plural(len(faults.Of(metadata.Error)), "error") + ", " + plural(len(faults.Of(metadata.Warning)), "warning")
	if faults.Err() != nil {
		return errors.New(summary)
	}
	_, _ = fmt.Fprintln(p.stdout, summary)
	return nil
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
