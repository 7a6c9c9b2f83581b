package compat

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/joinery-graphql/joinery/internal/fedtest"
)

// row is a line of the suite's table.
type row struct {
	name       string
	federation int
	required   bool // by the suite
	check      func(*testing.T, *suite)
}

// rows are those of the suite's testRunner.ts, in its order; what each asks and expects is that of its test.
var rows = []row{
	{"_service", 1, true, checkService},
	{"@key (single)", 1, true, checkSingleKey},
	{"@key (multi)", 1, false, checkMultipleKey},
	{"@key (composite)", 1, false, checkCompositeKey},
	{"repeatable @key", 1, false, checkRepeatableKey},
	{"@requires", 1, false, checkRequires},
	{"@provides", 1, false, checkProvides},
	{"federated tracing", 1, false, checkTracing},
	{"@link", 2, true, checkLink},
	{"@shareable", 2, false, checkShareable},
	{"@tag", 2, false, checkTag},
	{"@override", 2, false, checkOverride},
	{"@inaccessible", 2, false, checkInaccessible},
	{"@composeDirective", 2, false, checkComposeDirective},
	{"@interfaceObject", 2, false, checkInterfaceObject},
}

func TestCompatibility(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a router and Node")
	}
	s := newSuite(t)
	var table strings.Builder
	passed := 0
	for _, r := range rows {
		mark := "fails"
		if t.Run(r.name, func(t *testing.T) { r.check(t, s) }) {
			mark = "passes"
			passed++
		}
		note := ""
		if r.required {
			note = ", required"
		}
		fmt.Fprintf(&table, "  %-18s %-6s (Federation %d%s)\n", r.name, mark, r.federation, note)
	}
	fmt.Printf("%scompatibility: %d/%d\n", table.String(), passed, len(rows))
}

func checkService(t *testing.T, s *suite) {
	text, err := os.ReadFile("testdata/products.graphql")
	if err != nil {
		t.Fatal(err)
	}
	reference, got := parse(t, string(text)), parse(t, s.sdl)
	for _, name := range []string{"CaseStudy", "DeprecatedProduct", "Product", "ProductDimension", "ProductResearch", "ProductVariation", "User", "Query"} {
		want := fields(reference, name)
		if len(want) == 0 {
			t.Errorf("the reference has no type %s", name)
		}
		for _, f := range want {
			have := fields(got, name).ForName(f.Name)
			if have == nil || have.Type.String() != f.Type.String() {
				t.Errorf("%s.%s: have %v, want type %s", name, f.Name, have, f.Type)
				continue
			}
			for _, a := range f.Arguments {
				if arg := have.Arguments.ForName(a.Name); arg == nil || arg.Type.String() != a.Type.String() {
					t.Errorf("argument %s of %s.%s: have %v, want type %s", a.Name, name, f.Name, arg, a.Type)
				}
			}
		}
	}
}

func parse(t *testing.T, sdl string) *ast.SchemaDocument {
	t.Helper()
	doc, err := parser.ParseSchema(&ast.Source{Input: sdl})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// fields are those of a type and its extensions.
func fields(doc *ast.SchemaDocument, name string) (out ast.FieldList) {
	for _, def := range slices.Concat(doc.Definitions, doc.Extensions) {
		if def.Name == name {
			out = append(out, def.Fields...)
		}
	}
	return out
}

func checkSingleKey(t *testing.T, s *suite) {
	s.has(t, `type User(@extends|@federation__extends)?(@key|@federation__key)\(fields:"email"( resolvable:true)?\)`)
	fedtest.Answers(t, s.products, `query ($representations: [_Any!]!) { _entities(representations: $representations) { ...on User { email name } } }`,
		`{"representations": [{"__typename": "User", "email": "support@apollographql.com"}]}`,
		`{"data": {"_entities": [{"email": "support@apollographql.com", "name": "Jane Smith"}]}}`)
}

func checkMultipleKey(t *testing.T, s *suite) {
	s.has(t, `type DeprecatedProduct(@key|@federation__key)\(fields:"sku package"`)
	fedtest.Answers(t, s.products, `query ($representations: [_Any!]!) { _entities(representations: $representations) { ...on DeprecatedProduct { sku package reason } } }`,
		`{"representations": [{"__typename": "DeprecatedProduct", "sku": "apollo-federation-v1", "package": "@apollo/federation-v1"}]}`,
		`{"data": {"_entities": [{"sku": "apollo-federation-v1", "package": "@apollo/federation-v1", "reason": "Migrate to Federation V2"}]}}`)
}

func checkCompositeKey(t *testing.T, s *suite) {
	s.has(t, `type ProductResearch(@key|@federation__key)\(fields:"study { caseNumber }"`)
	fedtest.Answers(t, s.products, `query ($representations: [_Any!]!) { _entities(representations: $representations) { ...on ProductResearch { study { caseNumber description } } } }`,
		`{"representations": [{"__typename": "ProductResearch", "study": {"caseNumber": "1234"}}]}`,
		`{"data": {"_entities": [{"study": {"caseNumber": "1234", "description": "Federation Study"}}]}}`)
}

func checkRepeatableKey(t *testing.T, s *suite) {
	s.has(t, `type Product.*(@key|@federation__key)\(fields:"id"( resolvable:true)?\).*\{`)
	s.has(t, `type Product.*(@key|@federation__key)\(fields:"sku package"( resolvable:true)?\).*variation`)
	s.has(t, `type Product.*(@key|@federation__key)\(fields:"sku variation { id }"( resolvable:true)?\).*\{`)
	fedtest.Answers(t, s.products, `query ($representations: [_Any!]!) { _entities(representations: $representations) { ...on Product { id sku } } }`,
		`{"representations": [
			{"__typename": "Product", "id": "apollo-federation"},
			{"__typename": "Product", "sku": "federation", "package": "@apollo/federation"},
			{"__typename": "Product", "sku": "studio", "variation": {"id": "platform"}}
		]}`,
		`{"data": {"_entities": [
			{"id": "apollo-federation", "sku": "federation"}, {"id": "apollo-federation", "sku": "federation"}, {"id": "apollo-studio", "sku": "studio"}
		]}}`)
}

func checkRequires(t *testing.T, s *suite) {
	s.has(t, `averageProductsCreatedPerYear:Int(@requires|@federation__requires)\(fields:"totalProductsCreated yearsOfEmployment"\)`)
	fedtest.Answers(t, s.router, `query ($id: ID!) { product(id: $id) { createdBy { averageProductsCreatedPerYear email } } }`, `{"id": "apollo-federation"}`,
		`{"data": {"product": {"createdBy": {"averageProductsCreatedPerYear": 134, "email": "support@apollographql.com"}}}}`)
}

func checkProvides(t *testing.T, s *suite) {
	s.has(t, `createdBy:User(@provides|@federation__provides)\(fields:"totalProductsCreated"\)`)
	fedtest.Answers(t, s.products, `query ($id: ID!) { product(id: $id) { createdBy { email totalProductsCreated } } }`, `{"id": "apollo-federation"}`,
		`{"data": {"product": {"createdBy": {"email": "support@apollographql.com", "totalProductsCreated": 1337}}}}`)
}

func checkTracing(t *testing.T, s *suite) {
	var answer struct {
		Data, Extensions map[string]any
		Errors           []any
	}
	text := fedtest.Ask(t, s.products, `query { __typename }`, "null", "apollo-federation-include-trace", "ftv1")
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	trace, ok := answer.Extensions["ftv1"].(string)
	if answer.Data["__typename"] != "Query" || len(answer.Data) != 1 || !ok || trace == "" || len(answer.Extensions) != 1 || answer.Errors != nil {
		t.Errorf("answer %s", text)
	}
}

var (
	link             = regexp.MustCompile(`@link\(([\s\S]+?)\)`)
	linkURL          = regexp.MustCompile(`url:"(.+?)"`)
	linkImport       = regexp.MustCompile(`import:\[(.+?)\]`)
	federationLink   = regexp.MustCompile(`^https://specs\.apollo\.dev/federation/v(.+)$`)
	supportedVersion = regexp.MustCompile(`2\.0|2\.1|2\.2|2\.3|2\.4|2\.5|2\.6|2\.7`)
)

// links are the imports of each specification that the SDL links, by URL.
func (s *suite) links(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, text := range link.FindAllString(s.stripped, -1) {
		url := linkURL.FindStringSubmatch(text)
		if url == nil {
			continue // a definition
		}
		if _, ok := out[url[1]]; ok {
			t.Errorf("two links to %s", url[1])
		}
		out[url[1]] = nil
		if names := linkImport.FindStringSubmatch(text); names != nil {
			out[url[1]] = strings.Split(strings.ReplaceAll(names[1], `"`, ""), " ")
		}
	}
	return out
}

func checkLink(t *testing.T, s *suite) {
	allowed := []string{
		"@authenticated", "@composeDirective", "@extends", "@external", "@inaccessible", "@interfaceObject", "@key", "@override", "@policy", "@provides",
		"@requires", "@requiresScopes", "@shareable", "@tag", "FieldSet", "Scope", "Policy",
	}
	n := 0
	for url, names := range s.links(t) {
		version := federationLink.FindStringSubmatch(url)
		if version == nil {
			continue
		}
		n++
		if !supportedVersion.MatchString(version[1]) {
			t.Errorf("version %s", version[1])
		}
		for _, name := range names {
			if !slices.Contains(allowed, name) {
				t.Errorf("unexpected import %s", name)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d links to Federation, want 1", n)
	}
}

func checkShareable(t *testing.T, s *suite) {
	s.has(t, `type ProductDimension(@shareable|@federation__shareable)`)
	fedtest.Answers(t, s.router, `query GetProduct($id: ID!) { product(id: $id) { dimensions { size weight } } }`, `{"id": "apollo-federation"}`,
		`{"data": {"product": {"dimensions": {"size": "small", "weight": 1}}}}`)
}

func checkTag(t *testing.T, s *suite) {
	s.hasNot(t, "@federation__tag")
	s.has(t, `@tag\(name:"internal"\)`)
}

func checkOverride(t *testing.T, s *suite) {
	s.has(t, `(@override|@federation__override)\(from:"users"\)`)
	fedtest.Answers(t, s.router, `query GetProduct($id: ID!) { product(id: $id) { createdBy { name } } }`, `{"id": "apollo-federation"}`,
		`{"data": {"product": {"createdBy": {"name": "Jane Smith"}}}}`)
}

func checkInaccessible(t *testing.T, s *suite) {
	s.hasNot(t, "@federation__inaccessible")
	s.has(t, "unit:String@inaccessible")
	fedtest.Answers(t, s.products, `query GetProduct($id: ID!) { product(id: $id) { dimensions { unit } } }`, `{"id": "apollo-federation"}`,
		`{"data": {"product": {"dimensions": {"unit": "kg"}}}}`)
}

func checkComposeDirective(t *testing.T, s *suite) {
	n := 0
	for url, names := range s.links(t) {
		if strings.HasPrefix(url, "https://myspecs.dev/myCustomDirective/v") {
			n++
			if !slices.Equal(names, []string{"@custom"}) {
				t.Errorf("%s imports %v", url, names)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d links to the directive's specification, want 1", n)
	}
	s.has(t, `schema.*(@composeDirective|@federation__composeDirective)\(name:.*"@custom"\)`)
	s.has(t, `directive.*@custom on OBJECT`)
	s.has(t, `type Product.*@custom.*\{`)
}

func checkInterfaceObject(t *testing.T, s *suite) {
	s.has(t, `type Inventory.*(@interfaceObject|@federation__interfaceObject)`)
	s.has(t, `type Inventory.*(@key|@federation__key)\(fields:"id"( resolvable:true)?\)`)
	fedtest.Answers(t, s.router, `query ($id: ID!) { inventory(id: $id) { deprecatedProducts { sku reason } } }`, `{"id": "apollo-oss"}`,
		`{"data": {"inventory": {"deprecatedProducts": [{"sku": "apollo-federation-v1", "reason": "Migrate to Federation V2"}]}}}`)
}
