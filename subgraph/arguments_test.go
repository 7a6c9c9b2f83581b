package subgraph_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// echoFiles has an action whose answer is its input, as a handler gets it.
var echoFiles = emptyMetadata + oneHandler("echo") + `
-- actions.graphql --
type Query {
  echo(
    int: Int, float: Float, text: String, flag: Boolean, id: ID, color: Color, big: bigint, num: numeric, any: jsonb,
    ints: [Int!], ids: [ID], bigs: [bigint!], colors: [Color!], grid: [[Int]], in: In, ins: [In!], needed: [Int!]
  ): jsonb
}
enum Color { RED GREEN }
input In { int: Int  text: String  id: ID  colors: [Color]  in: In  any: jsonb  floats: [Float!]  must: Boolean! }
`

// argumentNames are those of echo with their types.
var argumentNames = map[string]string{
	"int": "Int", "float": "Float", "text": "String", "flag": "Boolean", "id": "ID", "color": "Color", "big": "bigint", "num": "numeric",
	"any": "jsonb", "ints": "[Int!]", "ids": "[ID]", "bigs": "[bigint!]", "colors": "[Color!]", "grid": "[[Int]]", "in": "In", "ins": "[In!]",
}

type argumentCase struct{ name, argument, value, want string }

// literals and variables alike.
var acceptedArguments = []argumentCase{
	{"int", "int", `-2147483648`, `-2147483648`},
	{"int zero", "int", `0`, `0`},
	{"int for float", "float", `3`, `3`},
	{"float", "float", `0.1`, `0.1`},
	{"float with exponent", "float", `1e3`, `1000`},
	{"text", "text", `"a \"b\" \u00e9 <&>"`, `"a \"b\" é <&>"`},
	{"empty text", "text", `""`, `""`},
	{"flag", "flag", `false`, `false`},
	{"id from text", "id", `"a"`, `"a"`},
	{"id from int", "id", `7`, `"7"`},
	{"id from big int", "id", `9007199254740993`, `"9007199254740993"`},
	{"bigint", "big", `9007199254740993`, `9007199254740993`},
	{"bigint beyond 64 bits", "big", `123456789012345678901234567890`, `123456789012345678901234567890`},
	{"bigint as text", "big", `"9007199254740993"`, `"9007199254740993"`},
	{"numeric kept as written", "num", `1.10`, `1.10`},
	{"numeric beyond a double", "num", `0.1234567890123456789`, `0.1234567890123456789`},
	{"json of any kind", "any", `[1.0, true, null, "x", 12345678901234567890]`, `[1.0, true, null, "x", 12345678901234567890]`},
	{"ints", "ints", `[1, 2]`, `[1,2]`},
	{"one int where a list is expected", "ints", `1`, `[1]`},
	{"no int", "ints", `[]`, `[]`},
	{"ids", "ids", `[1, "2", null]`, `["1","2",null]`},
	{"ids as texts", "ids", "[ \"1\",\n\t\"a \\\"b\\\" \\\\\" , \"<&>\" ]", `["1","a \"b\" \\","<&>"]`},
	{"bigints as texts", "bigs", `["9007199254740993", "1"]`, `["9007199254740993","1"]`},
	{"one id", "ids", `1`, `["1"]`},
	{"list of lists", "grid", `[[1], null, [null, 2]]`, `[[1],null,[null,2]]`},
	{"one where a list of lists is expected", "grid", `1`, `[[1]]`},
	{"list where a list of lists is expected", "grid", `[1, null]`, `[[1],null]`},
}

func TestArguments(t *testing.T) {
	h := (&fixture{files: echoFiles}).handler(t)
	check := func(t *testing.T, c argumentCase, request string) {
		t.Helper()
		got := post(t, h, request)
		if want := `{"data":{"echo":` + compact(t, `{"`+c.argument+`":`+c.want+`}`) + `}}`; !sameJSON(t, got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for _, c := range acceptedArguments {
		t.Run("literal/"+c.name, func(t *testing.T) {
			check(t, argumentCase{argument: c.argument, want: literalWant(c)}, body(`{ echo(`+c.argument+`: `+c.value+`) }`, ""))
		})
		t.Run("variable/"+c.name, func(t *testing.T) {
			check(t, c, body(`query($v: `+argumentNames[c.argument]+`) { echo(`+c.argument+`: $v) }`, `{"v": `+c.value+`}`))
		})
		t.Run("default/"+c.name, func(t *testing.T) {
			if c.name == "bigint beyond 64 bits" || c.name == "json of any kind" {
				t.Skip("gqlparser takes no default beyond 64 bits")
			}
			check(t, argumentCase{argument: c.argument, want: literalWant(c)}, body(`query($v: `+argumentNames[c.argument]+` = `+c.value+`) { echo(`+c.argument+`: $v) }`, `{}`))
		})
	}
}

// literalWant is what a literal gives: its numbers stand as they are written.
func literalWant(c argumentCase) string {
	if c.argument == "float" || c.argument == "int" {
		return c.value
	}
	return c.want
}

// sameJSON compares texts of numbers, too, which values of them would lose.
func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	decode := func(text string) string {
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		var v any
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	return decode(a) == decode(b)
}

func TestArgumentsOnlyAsLiteral(t *testing.T) {
	h := (&fixture{files: echoFiles}).handler(t)
	for _, c := range []struct{ name, arguments, want string }{
		{"enum", `color: RED`, `{"color":"RED"}`},
		{"one enum where a list is expected", `colors: RED`, `{"colors":["RED"]}`},
		{"block string", `text: """
			two
			  lines"""`, `{"text":"two\n  lines"}`},
		{"unicode escapes", `text: "\u00e9\n\t\\ \" é 🙂"`, `{"text":"é\n\t\\ \" é 🙂"}`},
		{"null", `text: null, int: null`, `{"text":null,"int":null}`},
		{
			"input object", `in: {int: 1, must: true, id: 3, colors: RED, in: {must: false, text: null}}`,
			`{"in":{"int":1,"must":true,"id":"3","colors":["RED"],"in":{"must":false,"text":null}}}`,
		},
		{"one input object where a list is expected", `ins: {must: true}`, `{"ins":[{"must":true}]}`},
		{"enum within a custom scalar", `any: {a: RED, b: [1, {c: null}]}`, `{"any":{"a":"RED","b":[1,{"c":null}]}}`},
		{"no argument", `text: "x"`, `{"text":"x"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantJSON(t, post(t, h, body(`{ echo(`+c.arguments+`) }`, "")), `{"data":{"echo":`+c.want+`}}`)
		})
	}
}

func TestVariables(t *testing.T) {
	h := (&fixture{files: echoFiles}).handler(t)
	for _, c := range []struct{ name, query, variables, want string }{
		{"enum", `query($v: Color!) { echo(color: $v) }`, `{"v":"GREEN"}`, `{"color":"GREEN"}`},
		{"enums", `query($v: [Color!]!) { echo(colors: $v) }`, `{"v":["GREEN","RED"]}`, `{"colors":["GREEN","RED"]}`},
		{"one enum for a list", `query($v: [Color!]) { echo(colors: $v) }`, `{"v":"GREEN"}`, `{"colors":["GREEN"]}`},
		{"left out", `query($v: String, $w: Int) { echo(text: $v, int: $w) }`, `{"w":1}`, `{"int":1}`},
		{"null is kept", `query($v: String) { echo(text: $v) }`, `{"v":null}`, `{"text":null}`},
		{"no variables member", `query($v: String) { echo(text: $v) }`, ``, `{}`},
		{"variables null", `query($v: String) { echo(text: $v) }`, `null`, `{}`},
		{"unknown variables are ignored", `query($v: String) { echo(text: $v) }`, `{"v":"x","w":[[[]]]}`, `{"text":"x"}`},
		{"default", `query($v: String = "d") { echo(text: $v) }`, `{}`, `{"text":"d"}`},
		{"default not used", `query($v: String = "d") { echo(text: $v) }`, `{"v":"x"}`, `{"text":"x"}`},
		{"null for a default", `query($v: String = "d") { echo(text: $v) }`, `{"v":null}`, `{"text":null}`},
		{"default null", `query($v: String = null) { echo(text: $v) }`, `{}`, `{"text":null}`},
		{"default list of one", `query($v: [Int!] = 1) { echo(ints: $v) }`, `{}`, `{"ints":[1]}`},
		{"default enum", `query($v: Color = RED) { echo(color: $v) }`, `{}`, `{"color":"RED"}`},
		{
			"default input object", `query($v: In = {must: true, id: 9007199254740993, any: 0.1234567890123456789}) { echo(in: $v) }`, `{}`,
			`{"in":{"any":0.1234567890123456789,"id":"9007199254740993","must":true}}`,
		},
		{
			"input object", `query($v: In) { echo(in: $v) }`,
			`{"v":{"must":true,"text":null,"id":5,"in":{"must":false,"colors":"RED","floats":[1.5,2]},"any":{"n":9007199254740993,"f":1.10}}}`,
			`{"in":{"any":{"f":1.10,"n":9007199254740993},"id":"5","in":{"colors":["RED"],"floats":[1.5,2],"must":false},"must":true,"text":null}}`,
		},
		{"one input object for a list", `query($v: [In!]) { echo(ins: $v) }`, `{"v":{"must":true,"id":1}}`, `{"ins":[{"id":"1","must":true}]}`},
		{
			"within literals", `query($a: Int, $b: String, $c: Int) { echo(ints: [1, 2], grid: [[$a, $c]], in: {must: true, text: $b, int: $c}) }`, `{"a":7}`,
			`{"ints":[1,2],"grid":[[7,null]],"in":{"must":true}}`,
		},
		{
			"within a custom scalar", `query($a: bigint, $b: jsonb) { echo(any: {a: $a, b: [$b], c: $b}) }`, `{"a":9007199254740993}`,
			`{"any":{"a":9007199254740993,"b":[null]}}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantJSON(t, post(t, h, body(c.query, c.variables)), `{"data":{"echo":`+c.want+`}}`)
		})
	}
}

func TestArgumentsRefused(t *testing.T) {
	h := (&fixture{files: echoFiles}).handler(t)
	long := strings.Repeat("x", 10_000)
	for _, c := range []struct{ name, query, variables, want string }{
		{"number for String", `query($v: String) { echo(text: $v) }`, `{"v":1}`, `variable "$v": invalid value of type String`},
		{"boolean for String", `query($v: String) { echo(text: $v) }`, `{"v":true}`, `variable "$v": invalid value of type String`},
		{"string for Int", `query($v: Int) { echo(int: $v) }`, `{"v":"1"}`, `variable "$v": invalid value of type Int`},
		{"string for Float", `query($v: Float) { echo(float: $v) }`, `{"v":"1"}`, `variable "$v": invalid value of type Float`},
		{"string for Boolean", `query($v: Boolean) { echo(flag: $v) }`, `{"v":"true"}`, `variable "$v": invalid value of type Boolean`},
		{"number for Boolean", `query($v: Boolean) { echo(flag: $v) }`, `{"v":1}`, `variable "$v": invalid value of type Boolean`},
		{"fraction for Int", `query($v: Int) { echo(int: $v) }`, `{"v":1.5}`, `variable "$v": invalid value of type Int`},
		{"integral fraction for Int", `query($v: Int) { echo(int: $v) }`, `{"v":1.0}`, `variable "$v": invalid value of type Int`},
		{"Int out of range", `query($v: Int) { echo(int: $v) }`, `{"v":2147483648}`, `variable "$v": invalid value of type Int`},
		{"Int far out of range", `query($v: Int) { echo(int: $v) }`, `{"v":1e400}`, `variable "$v": invalid value of type Int`},
		{"Int in a list out of range", `query($v: [Int!]) { echo(ints: $v) }`, `{"v":[1,-2147483649]}`, `variable "$v": element 1: invalid value of type Int`},
		{"Int in an input object", `query($v: In) { echo(in: $v) }`, `{"v":{"must":true,"int":1.5}}`, `variable "$v.int": invalid value of type Int`},
		{"fraction for ID", `query($v: ID) { echo(id: $v) }`, `{"v":1.5}`, `variable "$v": invalid value of type ID`},
		{"boolean for ID", `query($v: ID) { echo(id: $v) }`, `{"v":true}`, `variable "$v": invalid value of type ID`},
		{"unknown enum value", `query($v: Color) { echo(color: $v) }`, `{"v":"BLUE"}`, `variable "$v": BLUE is not a valid Color`},
		{"enum value in another case", `query($v: Color) { echo(color: $v) }`, `{"v":"red"}`, `variable "$v": invalid value of enum Color`},
		{"one enum value in another case", `query($v: [Color!]) { echo(colors: $v) }`, `{"v":"red"}`, `variable "$v": element 0: invalid value of enum Color`},
		{"number for an enum", `query($v: Color) { echo(color: $v) }`, `{"v":1}`, `variable "$v": 1 is not a valid Color`},
		{"long enum value", `query($v: Color) { echo(color: $v) }`, `{"v":"` + long + `"}`, `variable "$v": ` + long[:500-len(`variable "$v": `)] + `...`},
		{"null for non-null", `query($v: [Int!]!) { echo(ints: $v) }`, `{"v":null}`, `variable "$v": cannot be null`},
		{"null element", `query($v: [Int!]) { echo(ints: $v) }`, `{"v":[1,null]}`, `variable "$v[1]": cannot be null`},
		{"left out", `query($v: [Int!]!) { echo(ints: $v) }`, `{}`, `variable "$v": must be defined`},
		{"input object without a field", `query($v: In) { echo(in: $v) }`, `{"v":{}}`, `variable "$v.must": must be defined`},
		{"input object with null for a field", `query($v: In) { echo(in: $v) }`, `{"v":{"must":null}}`, `variable "$v.must": cannot be null`},
		{"unknown field", `query($v: In) { echo(in: $v) }`, `{"v":{"must":true,"x":1}}`, `variable "$v.x": unknown field`},
		{"__typename", `query($v: In) { echo(in: $v) }`, `{"v":{"must":true,"__typename":"In"}}`, `variable "$v": unknown field "__typename"`},
		{"scalar for an input object", `query($v: In) { echo(in: $v) }`, `{"v":"x"}`, `variable "$v": must be a In, not a string`},
		{"list for a scalar", `query($v: String) { echo(text: $v) }`, `{"v":["x"]}`, `variable "$v": invalid value of type String`},
		{"object for a scalar", `query($v: Int) { echo(int: $v) }`, `{"v":{"a":1}}`, `variable "$v": invalid value of type Int`},

		{"literal Int out of range", `{ echo(int: 2147483648) }`, ``, `Int cannot represent non 32-bit signed integer value: 2147483648`},
		{"literal Int in a list out of range", `{ echo(ints: [1, 9999999999]) }`, ``, `Int cannot represent non 32-bit signed integer value: 9999999999`},
		{"literal Int in an input object", `{ echo(in: {must: true, int: 9999999999}) }`, ``, `Int cannot represent non 32-bit signed integer value: 9999999999`},
		{"literal string for Int", `{ echo(int: "1") }`, ``, `Int cannot represent non-integer value: "1"`},
		{"literal number for String", `{ echo(text: 1) }`, ``, `String cannot represent a non string value: 1`},
		{"literal enum in quotes", `{ echo(color: "RED") }`, ``, `Enum "Color" cannot represent non-enum value: "RED". Did you mean the enum value "RED"?`},
		{"literal unknown enum", `{ echo(color: BLUE) }`, ``, `Value "BLUE" does not exist in "Color" enum.`},
		{"unknown argument", `{ echo(nope: 1) }`, ``, `Unknown argument "nope" on field "Query.echo".`},
		{"unknown variable", `{ echo(int: $v) }`, ``, `Variable "$v" is not defined.`},
		{"variable of another type", `query($v: String) { echo(int: $v) }`, `{"v":"x"}`, `Variable "$v" of type "String" used in position expecting type "Int".`},
		{"variable of an output type", `query($v: Query) { echo(any: $v) }`, `{"v":{}}`, `Variable "$v" of type "Query" used in position expecting type "jsonb".`},
		{"long string", `{ echo(int: "` + long + `") }`, ``, (`Int cannot represent non-integer value: "` + long)[:500] + `...`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got struct {
				Data   json.RawMessage
				Errors []struct {
					Message    string
					Path       []any
					Extensions map[string]any
				}
			}
			if err := json.Unmarshal([]byte(post(t, h, body(c.query, c.variables))), &got); err != nil {
				t.Fatal(err)
			}
			if got.Data != nil || len(got.Errors) == 0 {
				t.Fatalf("got %+v, want one error and no data", got)
			}
			e := got.Errors[0]
			if e.Message != c.want || e.Path != nil || e.Extensions["code"] != "GRAPHQL_VALIDATION_FAILED" {
				t.Errorf("got %+v, want %q without a path", e, c.want)
			}
		})
	}
}
