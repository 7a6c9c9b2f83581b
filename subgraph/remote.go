package subgraph

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/remotes"
)

// remote plans what is selected of a remote relationship: the service is asked for it as it is.
func (c *collector) remote(out *entities.SelectedField, f *collected) {
	r, _ := out.Field.Remote().(*remotes.Relationship)
	s := r.Select(c.role.Name, f.Field, f.sets, remotes.Rules{
		Included: c.included,
		Count:    func() bool { c.selected++; return !c.exceeded() },
	})
	out.Remote, out.Denied = s, s.Err()
}

// Follow follows the remote relationships of a wave.
func (x *execution) Follow(ctx context.Context, calls []*entities.RemoteCall) {
	defer func() {
		if r := recover(); r != nil {
			err := fmt.Errorf("BUG: panic in remote relationships: %v\n%s", r, debug.Stack())
			for _, c := range calls {
				c.Outputs = make([]entities.RemoteOutput, len(c.Inputs))
				for i := range c.Outputs {
					c.Outputs[i].Errors = []entities.Error{{Err: err}}
				}
			}
		}
	}()
	asked := make([]*remotes.Call, len(calls))
	for i, c := range calls {
		r, _ := c.Remote.(*remotes.Relationship)
		s, _ := c.Selection.(*remotes.Selection)
		asked[i] = &remotes.Call{Relationship: r, Selection: s, Inputs: c.Inputs, Argument: x.appendArgument}
	}
	start := time.Now()
	x.options.Remotes.Do(ctx, remotes.Session{
		Role: x.session.Role, Variables: x.session.Variables, Header: x.oc.Headers, Host: requestFrom(ctx).host(),
	}, asked)
	x.explanation.followed(calls, time.Since(start))
	for i, c := range calls {
		for _, o := range asked[i].Outputs {
			c.Outputs = append(c.Outputs, remoteOutput(o))
		}
	}
}

func remoteOutput(o remotes.Output) entities.RemoteOutput {
	out := entities.RemoteOutput{JSON: o.JSON}
	for _, e := range o.Errors {
		out.Errors = append(out.Errors, entities.Error{Path: e.Path, Err: e.Err})
	}
	return out
}

// appendArgument writes the value of an argument; ok is false where there is none.
func (x *execution) appendArgument(dst []byte, f *ast.Field, name string) (json []byte, ok bool, err error) {
	value := f.Arguments.ForName(name).Value
	if absent(value, x.oc.Variables) {
		return dst, false, nil
	}
	json, err = appendValue(dst, value, f.Definition.Arguments.ForName(name).Type, x.oc.Variables)
	return json, true, err
}

// remoteTypes writes the types that remote relationships lead to. One that has the name of another type is a fault.
func (w *sdlWriter) remoteTypes(types []remotes.Type) (faults metadata.Faults) {
	schemas := map[string]string{}
	for _, t := range types {
		switch other := schemas[t.Name]; {
		case t.Kind == ast.Scalar && (other == "" || !w.defined[t.Name]):
			w.used[t.Name] = true // written with all others
		case other != "":
			faults = append(faults, typeClash(t, fmt.Sprintf("remote schema %q has a type of that name, too", other)))
		case w.defined[t.Name]:
			faults = append(faults, typeClash(t, "there is another type of that name"))
		default:
			w.remoteType(t.Definition)
		}
		schemas[t.Name] = t.Schema
	}
	return faults
}

func typeClash(t remotes.Type, message string) metadata.Fault {
	return metadata.Fault{
		Pos: t.Pos, Item: fmt.Sprintf("type %q of remote schema %q", t.Name, t.Schema), Message: message,
		Hint: "give the remote schema's types a prefix: customization.type_names",
	}
}

var keywords = map[ast.DefinitionKind]string{ast.Object: "type", ast.Interface: "interface", ast.InputObject: "input", ast.Enum: "enum"}

func (w *sdlWriter) remoteType(d *ast.Definition) {
	if d.Kind == ast.Union {
		w.defined[d.Name] = true
		w.WriteByte('\n')
		w.describe("", d.Description)
		fmt.Fprintf(w, "union %s%s = %s\n", d.Name, w.annotate(d.Name), strings.Join(d.Types, " | "))
		return
	}
	implements := ""
	if len(d.Interfaces) > 0 {
		implements = " implements " + strings.Join(d.Interfaces, " & ")
	}
	w.open(d.Description, keywords[d.Kind], d.Name, implements)
	for _, v := range d.EnumValues {
		w.describe("  ", v.Description)
		fmt.Fprintf(w, "  %s%s%s\n", v.Name, deprecatedDirective(v.Directives), w.onField(v.Name))
	}
	for _, f := range d.Fields {
		w.describe("  ", f.Description)
		var arguments []string
		for _, a := range f.Arguments {
			arguments = append(arguments, fmt.Sprintf("%s: %s%s%s", a.Name, a.Type, defaultOf(a.DefaultValue), w.onArgument(f.Name, a.Name)))
		}
		list := ""
		if len(arguments) > 0 {
			list = "(" + strings.Join(arguments, ", ") + ")"
		}
		fmt.Fprintf(w, "  %s%s: %s%s%s%s\n", f.Name, list, f.Type, defaultOf(f.DefaultValue), deprecatedDirective(f.Directives), w.onField(f.Name))
	}
	w.WriteString("}\n")
}

func defaultOf(v *ast.Value) string {
	if v == nil {
		return ""
	}
	return " = " + v.String()
}

func deprecatedDirective(list ast.DirectiveList) string {
	d := list.ForName("deprecated")
	if d == nil {
		return ""
	}
	if reason := d.Arguments.ForName("reason"); reason != nil {
		return " @deprecated(reason: " + reason.Value.String() + ")"
	}
	return " @deprecated"
}
