package metadata_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/tools/txtar"

	"github.com/joinery-graphql/joinery/internal/testkit"
	"github.com/joinery-graphql/joinery/metadata"
)

// TestFederationSchema compares the JSON schema for editors with what is read: one document that holds every key, and
// documents with a key too many or of another kind.
func TestFederationSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../docs/federation.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	whole := string(files(testkit.ReadArchive(t, "testdata/federation.txtar").Archive)["federation.yaml"].Data)
	for _, c := range []struct{ name, text string }{
		{"every key", whole},
		{"unknown key", "types: {A: {authentcated: true}}"},
		{"unknown key of a field", "types: {A: {fields: {a: {tags: x}}}}"},
		{"a field's directive on a type", "types: {A: {override: users}}"},
		{"a type's directive on an argument", "types: {A: {fields: {a: {arguments: {b: {shareable: true}}}}}}"},
		{"another kind", "types: {A: {shareable: 5}}"},
		{"scopes without alternatives", "types: {A: {requiresScopes: [a]}}"},
		{"unknown key of a remote schema", "remote_schemas: {a: {subgrap: true}}"},
		{"a key without fields", "types: {A: {keys: [{resolvable: false}]}}"},
		{"an unknown list size", "types: {A: {fields: {a: {listSize: {assumed: 1}}}}}"},
		{"an interface without types", "interfaces: {A: {fields: [a]}}"},
		{"keys of an interface", "interfaces: {A: {types: [B], keys: [{fields: id}]}}"},
		{"requires that is a list", "types: {A: {fields: {a: {requires: [b]}}}}"},
		{"an expression without a type", "types: {A: {fields: {a: {requires: b, expression: b}}}}"},
		{"an expression and an action", "types: {A: {fields: {a: {type: Int, expression: b, action: {name: c}}}}}"},
		{"an action with a type", "types: {A: {fields: {a: {type: Int, action: {name: c}}}}}"},
		{"a source alone", "types: {A: {fields: {a: {source: b}}}}"},
		{"an action without a name", "types: {A: {fields: {a: {action: {batch: true}}}}}"},
		{"an argument that is a list", "types: {A: {fields: {a: {action: {name: b, arguments: {c: [d]}}}}}}"},
		{"a member that is an object", "types: {A: {fields: {a: {action: {name: b, arguments: {c: {d: {e: f}}}}}}}}"},
		{"a scope of caches", "types: {A: {cacheControl: {scope: public}}}"},
		{"a negative age", "types: {A: {fields: {a: {cacheControl: {maxAge: -1}}}}}"},
		{"a type that inherits an age", "types: {A: {cacheControl: {inheritMaxAge: true}}}"},
	} {
		fsys := files(&txtar.Archive{Files: []txtar.File{{Name: "version.yaml", Data: []byte("version: 3")}, {Name: "federation.yaml", Data: []byte(c.text)}}})
		_, faults := metadata.Read(fsys)
		read, valid := faults.Err(), schema.Validate(instance(t, c.text))
		if (read == nil) != (valid == nil) {
			t.Errorf("%s: read: %v, but the schema: %v", c.name, read, valid)
		}
	}
	for _, key := range []string{
		"shareable", "tag", "inaccessible", "override", "authenticated", "requiresScopes", "policy", "cost", "listSize", "cacheTag", "interfaceObject", "external", "provides", "type", "deprecated", "interfaces",
		"cacheControl", "inheritMaxAge",
		"requires", "expression", "source", "action",
	} {
		if !strings.Contains(whole, key+":") {
			t.Errorf("no %q in the document that holds every key", key)
		}
	}
}

func instance(t *testing.T, text string) any {
	t.Helper()
	converted, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(converted))
	if err != nil {
		t.Fatal(err)
	}
	return v
}
