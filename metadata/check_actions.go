package metadata

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

func (c *checker) checkActions() {
	for _, a := range c.m.Actions {
		c.checkAction(a)
		c.use(a)
	}
	for _, o := range c.m.CustomTypes.Objects {
		if len(o.Relationships) > 0 {
			c.useObject(o.Name)
		}
	}
}

func (c *checker) checkAction(a *Action) {
	c.name(a.Pos, a.item(), a.Name)
	if slices.Contains([]string{"_entities", "_service"}, a.Name) {
		c.errorf(a.Pos, a.item(), "the name %q is reserved for Apollo Federation", a.Name)
	}
	c.checkHandler(a)
	c.checkArguments(a)
	c.checkOutput(a)
	role := func(p ActionPermission) string { return p.Role }
	repeats(a.Permissions, role, func(p ActionPermission, role string) {
		c.errorf(p.Pos, a.item(), "permission for role %q is already defined on %q", role, a.Name)
	})
	c.refused(a)
}

// checkHandler accepts a URL or a template, as Hasura's console does.
func (c *checker) checkHandler(a *Action) {
	h := strings.TrimSpace(a.Handler)
	u, err := url.Parse(h)
	switch {
	case a.HandlerPos == (Pos{}): // there is no definition, or no string in it, and that is said already
	case h == "":
		c.errorf(a.HandlerPos, a.item(), "handler cannot be empty")
	case strings.Count(h, "{{") != strings.Count(h, "}}"):
		c.errorf(a.HandlerPos, a.item(), "invalid handler: a template is not closed")
	case strings.Contains(h, "{{"):
		c.checkTemplate(a, h)
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		c.add(Fault{
			Pos: a.HandlerPos, Item: a.item(), Message: "handler must be a valid URL or a template",
			Hint: `such as "https://host/path" or "{{ENV_VAR}}/path"`,
		})
	}
}

// checkTemplate wants names of environment variables in the templates.
func (c *checker) checkTemplate(a *Action, handler string) {
	for _, part := range strings.Split(handler, "{{")[1:] {
		name, _, closed := strings.Cut(part, "}}")
		name = strings.TrimSpace(name)
		if !closed || name == "" || strings.ContainsAny(name, " $[]()'\"") {
			c.add(Fault{
				Pos: a.HandlerPos, Item: a.item(), Message: fmt.Sprintf("invalid handler: %q is not the name of an environment variable", name),
				Hint: "parts of the request can stand only in request_transform.url",
			})
			return
		}
	}
}

func (c *checker) checkArguments(a *Action) {
	name := func(g *Argument) string { return g.Name }
	repeats(a.Arguments, name, func(g *Argument, name string) {
		c.errorf(g.Pos, a.item(), "duplicate argument %q", name)
	})
	for _, g := range a.Arguments {
		item := fmt.Sprintf("argument %q of %s", g.Name, a.item())
		c.name(g.Pos, item, g.Name)
		t := g.Type.Named()
		if c.typesComplete && !c.isInput(t) {
			c.add(Fault{
				Pos: g.Pos, Item: item,
				Message: fmt.Sprintf("the type: %q is not defined in custom types or it is not a scalar/enum/input_object", t),
				Hint:    c.typeHint(t, c.isInput),
			})
		}
	}
}

func (c *checker) checkOutput(a *Action) {
	if a.Output == nil {
		return
	}
	t := a.Output.Named()
	fits := func(name string) bool { return c.isScalar(name) || c.objects[name] != nil }
	if c.typesComplete && !fits(t) {
		c.add(Fault{
			Pos: a.Pos, Item: a.item(),
			Message: fmt.Sprintf("the type: %q is not an object or scalar type defined in custom types", t),
			Hint:    c.typeHint(t, fits),
		})
	}
	if o := c.objects[t]; o != nil && a.Kind == Asynchronous && len(o.Relationships) > 0 {
		c.checkAsynchronous(a, o)
	}
}

func (c *checker) checkAsynchronous(a *Action, o *Object) {
	for _, f := range o.Fields {
		if c.objects[f.Type.Named()] != nil {
			c.errorf(a.Pos, a.item(), "Async action relations cannot be used with object fields: %q", f.Name)
		}
	}
}

// refused warns once of each action that Joinery cannot call yet.
func (c *checker) refused(a *Action) {
	var reasons []string
	if a.Kind == Asynchronous {
		reasons = append(reasons, "asynchronous actions")
	}
	if a.RequestTransform != nil {
		reasons = append(reasons, "request_transform")
	}
	if a.ResponseTransform != nil {
		reasons = append(reasons, "response_transform")
	}
	if len(reasons) > 0 {
		c.warnf(a.Pos, a.item(), "calls to it are refused, because Joinery does not implement %s yet", strings.Join(reasons, " and "))
	}
}

// use marks the custom types that an action brings into the schema.
func (c *checker) use(a *Action) {
	for _, g := range a.Arguments {
		c.useInput(g.Type.Named())
	}
	if a.Output != nil {
		c.useObject(a.Output.Named())
	}
}

func (c *checker) useInput(name string) {
	if c.used[name] {
		return
	}
	c.used[name] = true
	if in := c.inputs[name]; in != nil {
		for _, f := range in.Fields {
			c.useInput(f.Type.Named())
		}
	}
}

func (c *checker) useObject(name string) {
	if c.used[name] {
		return
	}
	c.used[name] = true
	if o := c.objects[name]; o != nil {
		for _, f := range o.Fields {
			c.useObject(f.Type.Named())
		}
	}
}
