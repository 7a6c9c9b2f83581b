package metadataapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"net/http"
	"strings"

	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/metadata/edit"
)

// command is a request.
type command struct {
	Type            string          `json:"type"`
	Version         int             `json:"version"`
	Args            json.RawMessage `json:"args"`
	ResourceVersion *int64          `json:"resource_version"`
}

// transaction is what the commands of a request do together.
type transaction struct {
	dir     fs.FS
	change  edit.Change
	about   string   // the last command that changes something
	reloads *success // the answer of reload_metadata
}

// now is the directory as the commands before have left it.
func (t *transaction) now() fs.FS { return t.change.Over(t.dir) }

// success is the answer of a command that gives nothing else.
type success struct {
	Message      string          `json:"message"`
	IsConsistent *bool           `json:"is_consistent,omitempty"` // of reload_metadata
	Inconsistent []inconsistency `json:"inconsistent_objects,omitempty"`
}

// fill is what reload_metadata tells.
func (s *success) fill(err error) {
	consistent := err == nil
	s.IsConsistent = &consistent
	if err != nil {
		s.Inconsistent = inconsistencies(err)
	}
}

func ok() *success { return &success{Message: "success"} }

const maxBulk = 20 // bulks in each other

func (t *transaction) run(c command, path string) (any, *Error) {
	if c.ResourceVersion != nil && *c.ResourceVersion != resourceVersion(t.dir) {
		return nil, failure(http.StatusConflict, "conflict", "$",
			fmt.Sprintf("metadata resource version referenced (%d) did not match current version", *c.ResourceVersion))
	}
	return t.runBelow(c, path, maxBulk)
}

func (t *transaction) runBelow(c command, path string, depth int) (any, *Error) {
	args := path + ".args"
	switch c.Type {
	case "bulk":
		return t.bulk(c, args, depth)
	case "export_metadata":
		return t.export(c, args)
	case "reload_metadata":
		if t.reloads == nil {
			t.reloads = ok()
			t.reloads.fill(nil)
		}
		return t.reloads, nil
	}
	edits, known := commands[c.Type]
	if !known {
		return nil, failure(http.StatusBadRequest, "parse-failed", path+".type", fmt.Sprintf("unknown metadata command %q", c.Type))
	}
	change, err := edits(t.now(), c.Args)
	if err != nil {
		return nil, refused(err, args, c.Type)
	}
	t.change, t.about = t.change.Then(change), c.Type
	return ok(), nil
}

func (t *transaction) bulk(c command, path string, depth int) (any, *Error) {
	var list []command
	if err := json.Unmarshal(c.Args, &list); err != nil || depth == 0 {
		return nil, failure(http.StatusBadRequest, "parse-failed", path, "expected a list of commands")
	}
	answers := make([]any, len(list))
	for i, c := range list {
		var err *Error
		if answers[i], err = t.runBelow(c, fmt.Sprintf("%s[%d]", path, i), depth-1); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

func (t *transaction) export(c command, path string) (any, *Error) {
	exported, err := edit.Export(t.now())
	if err != nil {
		return nil, refused(err, path, c.Type)
	}
	if c.Version != 2 {
		return exported, nil
	}
	return map[string]any{"resource_version": resourceVersion(t.now()), "metadata": exported}, nil
}

// resourceVersion changes with the files that commands change. Hasura counts; here a number that JavaScript can hold is
// made of the bytes.
func resourceVersion(dir fs.FS) int64 {
	h := fnv.New64a()
	for _, name := range []string{"actions.yaml", "actions.graphql"} {
		b, _ := fs.ReadFile(dir, name)
		_, _ = fmt.Fprintf(h, "%d ", len(b))
		_, _ = h.Write(b)
	}
	return int64(h.Sum64() >> 11) // 53 bits
}

// commands are those that change something.
var commands = map[string]func(dir fs.FS, args json.RawMessage) (edit.Change, error){
	"set_custom_types":         setCustomTypes,
	"create_action":            createAction,
	"update_action":            updateAction,
	"drop_action":              dropAction,
	"create_action_permission": createActionPermission,
	"drop_action_permission":   dropActionPermission,
}

// parseError says what arguments lack, in Hasura's manner.
type parseError struct{ message string }

func (p *parseError) Error() string { return p.message }

func decode(args json.RawMessage, into any) error {
	if len(bytes.TrimSpace(args)) == 0 {
		return &parseError{`the key "args" was not present`}
	}
	if err := json.Unmarshal(args, into); err != nil {
		return &parseError{"invalid args: " + err.Error()}
	}
	return nil
}

func missing(key string) error { return &parseError{fmt.Sprintf("the key %q was not present", key)} }

func setCustomTypes(dir fs.FS, args json.RawMessage) (edit.Change, error) {
	var v map[string]any
	if err := decode(args, &v); err != nil {
		return edit.Change{}, err
	}
	types, err := edit.DecodeTypes(v)
	if err != nil {
		return edit.Change{}, err
	}
	return edit.SetCustomTypes(dir, types)
}

// actionOf reads the arguments of create_action and update_action.
func actionOf(args json.RawMessage) (edit.Action, error) {
	var v map[string]any
	if err := decode(args, &v); err != nil {
		return edit.Action{}, err
	}
	for _, key := range []string{"name", "definition"} {
		if v[key] == nil {
			return edit.Action{}, missing(key)
		}
	}
	return edit.DecodeAction(v)
}

func createAction(dir fs.FS, args json.RawMessage) (edit.Change, error) {
	a, err := actionOf(args)
	if err != nil {
		return edit.Change{}, err
	}
	return edit.AddAction(dir, a)
}

func updateAction(dir fs.FS, args json.RawMessage) (edit.Change, error) {
	a, err := actionOf(args)
	if err != nil {
		return edit.Change{}, err
	}
	return edit.ReplaceAction(dir, a.Name, a)
}

func dropAction(dir fs.FS, args json.RawMessage) (edit.Change, error) {
	var v struct{ Name string }
	if err := decode(args, &v); err != nil {
		return edit.Change{}, err
	}
	if v.Name == "" {
		return edit.Change{}, missing("name")
	}
	return edit.RemoveAction(dir, v.Name)
}

type permission struct{ Action, Role, Comment string }

func permissionOf(args json.RawMessage) (permission, error) {
	var p permission
	if err := decode(args, &p); err != nil {
		return p, err
	}
	switch "" {
	case p.Action:
		return p, missing("action")
	case p.Role:
		return p, missing("role")
	}
	return p, nil
}

func createActionPermission(dir fs.FS, args json.RawMessage) (edit.Change, error) {
	p, err := permissionOf(args)
	if err != nil {
		return edit.Change{}, err
	}
	return edit.AddActionPermission(dir, p.Action, p.Role, p.Comment)
}

func dropActionPermission(dir fs.FS, args json.RawMessage) (edit.Change, error) {
	p, err := permissionOf(args)
	if err != nil {
		return edit.Change{}, err
	}
	return edit.RemoveActionPermission(dir, p.Action, p.Role)
}

// refused words an edit that can't be made.
func refused(err error, path, about string) *Error {
	var (
		parse    *parseError
		invalid  edit.Invalid
		notFound *edit.NotFound
		faults   metadata.Faults
	)
	switch {
	case errors.As(err, &parse):
		return failure(http.StatusBadRequest, "parse-failed", path, parse.message)
	case errors.As(err, &notFound):
		return failure(http.StatusBadRequest, "not-exists", path, notFound.Message)
	case errors.As(err, &invalid) && strings.Contains(invalid.Error(), " already "):
		return failure(http.StatusBadRequest, "already-exists", path, invalid.Error())
	case errors.As(err, &invalid) && about == "set_custom_types":
		return failure(http.StatusBadRequest, invalidConfiguration, path, customTypesMessage(strings.Split(invalid.Error(), "\n")))
	case errors.As(err, &invalid):
		return failure(http.StatusBadRequest, "parse-failed", path, invalid.Error())
	case errors.As(err, &faults):
		return failure(http.StatusBadRequest, "not-supported", path, faults.Error())
	}
	return failure(http.StatusInternalServerError, "unexpected", path, err.Error())
}

const invalidConfiguration = "invalid-configuration"

// inconsistency is something that can't be served.
type inconsistency struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
	Type   string `json:"type"`
	Place  string `json:"place,omitempty"` // file and line, which Hasura hasn't
}

func inconsistencies(err error) []inconsistency {
	faults, isFaults := errors.AsType[metadata.Faults](err)
	if !isFaults {
		return []inconsistency{{Name: "metadata", Reason: "Inconsistent object: " + err.Error(), Type: "metadata"}}
	}
	out := []inconsistency{}
	for _, f := range faults.Of(metadata.Error) {
		kind, _, _ := strings.Cut(f.Item, " \"")
		i := inconsistency{Name: f.Item, Reason: "Inconsistent object: " + f.Message, Type: kind}
		if f.Pos.File != "" {
			i.Place = fmt.Sprintf("%s:%d", f.Pos.File, f.Pos.Line)
		}
		out = append(out, i)
	}
	return out
}

// inconsistent is the error of a change that can't be served.
func inconsistent(err error, about string) *Error {
	faults, isFaults := errors.AsType[metadata.Faults](err)
	if !isFaults {
		return failure(http.StatusInternalServerError, "unexpected", "$", err.Error())
	}
	list := inconsistencies(err)
	message := list[0].Reason
	if about == "set_custom_types" {
		var messages []string
		for _, f := range faults.Of(metadata.Error) {
			messages = append(messages, f.Message)
		}
		message = customTypesMessage(messages)
	}
	e := failure(http.StatusBadRequest, invalidConfiguration, "$.args", message)
	e.Internal = list
	return e
}

// customTypesMessage is how Hasura words what is wrong with custom types.
func customTypesMessage(messages []string) string {
	const prefix = "validation for the given custom types failed "
	if len(messages) == 1 {
		return prefix + "because " + messages[0]
	}
	return prefix + "for the following reasons:\n  • " + strings.Join(messages, "\n  • ") + "\n"
}
