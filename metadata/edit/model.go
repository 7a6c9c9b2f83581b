package edit

import (
	"io/fs"
	"reflect"

	"github.com/goccy/go-yaml"

	"github.com/joinery-graphql/joinery/metadata"
)

const actionsFile = "actions.yaml"

// edited is the change of actions.yaml, and of what it includes, that makes its value what values returns. The read model
// must change just as model changes it.
func edited(dir fs.FS, values func(yaml.MapSlice) (yaml.MapSlice, error), model func(*metadata.Metadata)) (Change, error) {
	return withSDL(dir, &sdl{}, values, model)
}

// withSDL is edited together with a change of actions.graphql.
func withSDL(dir fs.FS, s *sdl, values func(yaml.MapSlice) (yaml.MapSlice, error), model func(*metadata.Metadata)) (Change, error) {
	declared, err := s.change()
	if err != nil {
		return Change{}, err
	}
	rest, err := valuesChange(dir, values)
	if err != nil {
		return Change{}, err
	}
	c := declared.Then(rest)
	return c, c.changesOnly(dir, model)
}

func valuesChange(dir fs.FS, values func(yaml.MapSlice) (yaml.MapSlice, error)) (Change, error) {
	e := newEditor(dir)
	n, err := e.root(actionsFile)
	if err != nil {
		return Change{}, err
	}
	have, err := e.value(n)
	if err != nil {
		return Change{}, err
	}
	root, ok := have.(yaml.MapSlice)
	if !ok && have != nil {
		return Change{}, n.refuse("expected a mapping with actions and custom_types", "")
	}
	want, err := values(root)
	if err != nil {
		return Change{}, e.placed(err)
	}
	if err := e.set(actionsFile, want); err != nil {
		return Change{}, err
	}
	return e.change()
}

// changesOnly is the error of a change after which the directory's metadata isn't what model makes of it.
func (c Change) changesOnly(dir fs.FS, model func(*metadata.Metadata)) error {
	want, _ := metadata.Read(dir)
	model(want)
	got, _ := metadata.Read(c.Over(dir))
	if sameModel(reflect.ValueOf(want), reflect.ValueOf(got)) {
		return nil
	}
	at := metadata.Pos{File: actionsFile}
	if len(c.Files) > 0 {
		at.File = c.Files[0].Path
	}
	return refusal(at, elsewhere, byHand)
}

var posType = reflect.TypeFor[metadata.Pos]()

// sameModel compares everything but places.
func sameModel(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return a.Elem().Type() == b.Elem().Type() && sameModel(a.Elem(), b.Elem())
	case reflect.Struct:
		for i := range a.NumField() {
			if a.Type() != posType && !sameModel(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !sameModel(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for _, key := range a.MapKeys() {
			if v := b.MapIndex(key); !v.IsValid() || !sameModel(a.MapIndex(key), v) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}
