package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/metadata/edit"
)

// editFlags are those of commands that change the metadata directory.
type editFlags struct {
	metadataFlags
	NoDatabase bool `help:"Check the files only, also where a database's URL is known."`
	DryRun     bool `help:"Print the change as a diff, and write nothing."`
	Force      bool `help:"Write also what makes errors."`
}

// edit makes a change of the metadata directory, checks it as joinery check would, and writes it where it makes no error that
// wasn't there before.
func (f editFlags) edit(p *program, change func(dir fs.FS) (edit.Change, error)) error {
	dir, err := f.directory()
	if err != nil {
		return err
	}
	made, err := change(dir)
	if err != nil {
		return f.editError(err)
	}
	return f.apply(p, made)
}

func (f editFlags) apply(p *program, change edit.Change) error {
	if len(change.Files) == 0 {
		_, _ = fmt.Fprintln(p.stdout, "nothing to change")
		return nil
	}
	config, err := f.config(p)
	if err != nil {
		return err
	}
	faults, err := f.caused(p, config, change)
	if err != nil {
		return err
	}
	for _, fault := range f.place(faults) {
		_, _ = fmt.Fprintln(p.stderr, fault)
	}
	if f.DryRun {
		_, _ = fmt.Fprint(p.stdout, change.Diff())
	}
	if errs := faults.Of(metadata.Error); len(errs) > 0 && !f.Force {
		return fmt.Errorf("nothing was written: the change would make %s", plural(len(errs), "error"))
	}
	if f.DryRun {
		return nil
	}
	if err := change.Apply(f.Metadata); err != nil {
		return err
	}
	for _, file := range change.Files {
		_, _ = fmt.Fprintln(p.stdout, "changed", file.Path)
	}
	return nil
}

// caused are the faults that a change makes.
func (f editFlags) caused(p *program, config joinery.Config, change edit.Change) (metadata.Faults, error) {
	before, err := joinery.Check(p.ctx, config, !f.NoDatabase)
	if err != nil {
		return nil, err
	}
	config.Metadata = change.Over(config.Metadata)
	after, err := joinery.Check(p.ctx, config, !f.NoDatabase)
	if err != nil {
		return nil, err
	}
	return edit.Caused(before, after), nil
}

// editError places the faults of a change that can't be made, and makes an error of each thing that is missing.
func (f editFlags) editError(err error) error {
	if invalid, ok := errors.AsType[edit.Invalid](err); ok {
		var errs []error
		for _, fault := range invalid {
			errs = append(errs, errors.New(fault.Message))
		}
		return errors.Join(errs...)
	}
	if faults, ok := errors.AsType[metadata.Faults](err); ok {
		lines := make([]string, len(faults))
		for i, fault := range f.place(faults) {
			lines[i] = fault.String()
		}
		return errors.New(strings.Join(lines, "\n"))
	}
	return err
}
