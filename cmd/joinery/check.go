package main

import (
	"errors"
	"fmt"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/metadata/edit"
)

type checkCommand struct {
	metadataFlags
	NoDatabase bool   `help:"Look at the files only, also where a database's URL is known." xor:"database"`
	Supergraph string `help:"Supergraph config, as rover reads it: compose with what the SDL would be now, and report what that breaks." placeholder:"FILE" xor:"database"`
	Subgraph   string `help:"Which subgraph of --supergraph this metadata is." default:"joinery" placeholder:"NAME"`
	Editing    bool   `help:"List what the commands and the console can't edit, too."`
	Format     string `help:"How to print: text, or SARIF 2.1.0 for CI." enum:"text,sarif" default:"text"`
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
	if c.Editing {
		faults = append(faults, edit.Refusals(config.Metadata)...)
	}
	faults = c.place(faults)
	if c.Supergraph != "" && faults.Err() == nil {
		found, err := c.compose(p, config)
		if err != nil {
			return err
		}
		faults = append(faults, found...)
	}
	summary := plural(len(faults.Of(metadata.Error)), "error") + ", " + plural(len(faults.Of(metadata.Warning)), "warning")
	if c.Format == "sarif" {
		if err := writeSARIF(p.stdout, faults); err != nil {
			return err
		}
	} else {
		for _, f := range faults {
			_, _ = fmt.Fprintln(p.stdout, f)
		}
	}
	if faults.Err() != nil {
		return errors.New(summary)
	}
	if c.Format == "text" {
		_, _ = fmt.Fprintln(p.stdout, summary)
	}
	return nil
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
