package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/metadata/edit"
)

type actionCommand struct {
	Add    actionAdd    `cmd:"" help:"Add an action, with the types that it needs."`
	Remove actionRemove `cmd:"" help:"Remove an action; its types stay."`
}

// actionAdd is the form of Hasura's console.
type actionAdd struct {
	editFlags
	Definition           string        `help:"Action definition: type Mutation or Query with one field." placeholder:"SDL" required:""`
	Types                string        `help:"Type configuration: types to declare, or to change." placeholder:"SDL"`
	Handler              string        `help:"Webhook (HTTP/S) handler." placeholder:"URL" required:""`
	Comment              string        `help:"Comment, the description of the field." placeholder:"TEXT"`
	Kind                 metadata.Kind `help:"Execution: synchronous or asynchronous." enum:"synchronous,asynchronous" default:"synchronous"`
	Header               []headerFlag  `help:"Header sent to the handler." placeholder:"NAME=VALUE" sep:"none"`
	HeaderFromEnv        []headerFlag  `help:"Header whose value is that of an environment variable." placeholder:"NAME=VARIABLE" sep:"none"`
	ForwardClientHeaders bool          `help:"Forward client headers to webhook."`
	Timeout              int           `help:"Timeout in seconds." default:"30" placeholder:"SECONDS"`
	Role                 []string      `help:"Roles that may call it, beside admin." placeholder:"ROLE"`
}

// headerFlag is a header's name and value.
type headerFlag struct{ name, value string }

// UnmarshalText reads NAME=VALUE.
func (h *headerFlag) UnmarshalText(text []byte) error {
	var ok bool
	if h.name, h.value, ok = strings.Cut(string(text), "="); !ok || h.name == "" {
		return errors.New("invalid header: want NAME=VALUE")
	}
	return nil
}

// Run adds the action.
func (c *actionAdd) Run(p *program) error { return c.edit(p, c.change) }

func (c *actionAdd) change(dir fs.FS) (edit.Change, error) {
	a, err := edit.ParseAction(c.Definition)
	if err != nil {
		return edit.Change{}, err
	}
	var types edit.Change
	if c.Types != "" {
		if types, err = edit.DefineTypes(dir, c.Types); err != nil {
			return edit.Change{}, fmt.Errorf("--types: %w", err)
		}
	}
	a.Handler, a.Kind, a.Timeout = c.Handler, c.Kind, time.Duration(c.Timeout)*time.Second
	a.ForwardClientHeaders = c.ForwardClientHeaders
	if c.Comment != "" {
		a.Description = c.Comment
	}
	for _, h := range c.Header {
		a.Headers = append(a.Headers, metadata.Header{Name: h.name, Value: h.value})
	}
	for _, h := range c.HeaderFromEnv {
		a.Headers = append(a.Headers, metadata.Header{Name: h.name, ValueFromEnv: h.value})
	}
	for _, role := range c.Role {
		a.Permissions = append(a.Permissions, metadata.ActionPermission{Role: role})
	}
	change, err := edit.AddAction(types.Over(dir), edit.Action{Action: a})
	return types.Then(change), err
}

type actionRemove struct {
	editFlags
	Name string `arg:"" help:"Name of the action."`
}

// Run removes the action.
func (c *actionRemove) Run(p *program) error {
	return c.edit(p, func(dir fs.FS) (edit.Change, error) { return edit.RemoveAction(dir, c.Name) })
}
