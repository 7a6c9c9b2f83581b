package joinery

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// attacks are the cases of TestAttacks. ann is the header of her token, router are those of the router that speaks for her.
func attacks(t *testing.T, key *rsa.PrivateKey, public []byte, ann string, router []string) []attack {
	const (
		rows    = `{ users { id name private } }`
		annsRow = `{"data":{"users":[{"id":1,"name":"ann","private":"of ann"}]}}`
		refused = `"code":"access-denied"`
		badJWT  = `"code":"invalid-jwt"`
		limit   = `"code":"limit-exceeded"`
		invalid = `"code":"GRAPHQL_VALIDATION_FAILED"`
		noParse = `"code":"GRAPHQL_PARSE_FAILED"`
		bad     = `"code":"bad-request"`
		entity  = `query($r: [_Any!]!) { _entities(representations: $r) { ... on users { id private } ... on Found { text user { private } } ... on posts { title author { private } } } }`
	)
	as := func(query string, variables ...string) string { return httpPost(document(query, variables...), ann) }
	token := func(text string) string { return httpPost(document(rows), "Authorization: Bearer "+text) }
	with := func(header ...string) string { return httpPost(document(rows), header...) }
	represent := func(r string) string { return as(entity, `{"r":[`+r+`]}`) }
	repeat := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, strings.ReplaceAll(format, "#", "%[1]d"), i)
		}
		return b.String()
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rs256, hs256 := jwt.SigningMethodRS256, jwt.SigningMethodHS256
	hasura := func(values map[string]any) jwt.MapClaims {
		return claims(func(c jwt.MapClaims) { c["https://hasura.io/jwt/claims"] = values })
	}
	valid := signed(t, rs256, key, claims(nil))
	parts := strings.Split(valid, ".")
	adminClaims := `{"aud":"joinery","exp":99999999999,"https://hasura.io/jwt/claims":{"x-hasura-default-role":"admin","x-hasura-allowed-roles":["admin"],"x-hasura-user-id":"ann"}}`
	withRouter := func(change func([]string) []string) string {
		return httpPost(document(rows), change(append([]string{}, router...))...)
	}
	drop := func(n int) func([]string) []string {
		return func(h []string) []string { return append(h[:n:n], h[n+1:]...) }
	}
	add := func(more ...string) func([]string) []string {
		return func(h []string) []string { return append(h, more...) }
	}

	return []attack{
		// who calls
		{name: "no credentials", raw: with(), status: 401, want: `"code":"invalid-headers"`},
		{name: "role without credentials", raw: with("x-hasura-role: admin"), status: 401, want: `"code":"invalid-headers"`},
		{name: "wrong admin secret", raw: with("x-hasura-admin-secret: x"), status: 401, want: refused},
		{name: "empty admin secret", raw: with("x-hasura-admin-secret: ", ann), status: 401, want: refused},
		{name: "admin secret as a prefix", raw: with("x-hasura-admin-secret: planted-admin"), status: 401, want: refused},
		{name: "two admin secrets", raw: with("x-hasura-admin-secret: x", "X-Hasura-Admin-Secret: y"), status: 401, want: refused},
		{name: "admin secret and the older name", raw: with("x-hasura-admin-secret: x", "x-hasura-access-key: y"), status: 401, want: refused},
		{name: "x-hasura-role of a token's user", raw: with(ann, "x-hasura-role: admin"), status: 401, want: refused},
		{name: "X-HASURA-ROLE", raw: with(ann, "X-HASURA-ROLE: admin"), status: 401, want: refused},
		{name: "two roles", raw: with(ann, "x-hasura-role: user", "X-Hasura-Role: admin"), status: 401, want: `"errors"`},
		{name: "x-hasura-user-id beside a token", raw: with(ann, "x-hasura-user-id: b"+"ob"), status: 200, want: annsRow},
		{name: "X-HaSuRa-UsEr-Id beside a token", raw: with(ann, "X-HaSuRa-UsEr-Id: b"+"ob"), status: 200, want: annsRow},
		{name: "x_hasura_user_id beside a token", raw: with(ann, "x_hasura_user_id: b"+"ob"), status: 200, want: annsRow},
		{name: "the router's secret where there is no router", raw: with("router-authorization: "+attackRouterSecret, "x-hasura-role: admin"), status: 401, want: `"code":"invalid-headers"`},

		// tokens
		{name: "alg none", raw: token(encode(`{"alg":"none","typ":"JWT"}`) + "." + encode(adminClaims) + "."), status: 401, want: badJWT},
		{name: "alg None with the signature", raw: token(encode(`{"alg":"nOnE","typ":"JWT"}`) + "." + encode(adminClaims) + "." + parts[2]), status: 401, want: badJWT},
		{name: "alg missing", raw: token(encode(`{"typ":"JWT"}`) + "." + encode(adminClaims) + "." + parts[2]), status: 401, want: badJWT},
		{name: "HS256 with the public key", raw: token(signed(t, hs256, public, claims(nil))), status: 401, want: badJWT},
		{name: "HS256 with an empty key", raw: token(signed(t, hs256, []byte{}, claims(nil))), status: 401, want: badJWT},
		{name: "RS384 with the right key", raw: token(signed(t, jwt.SigningMethodRS384, key, claims(nil))), status: 401, want: badJWT},
		{name: "PS256 with the right key", raw: token(signed(t, jwt.SigningMethodPS256, key, claims(nil))), status: 401, want: badJWT},
		{name: "another key", raw: token(signed(t, rs256, other, claims(nil))), status: 401, want: badJWT},
		{name: "another key, told in the header", raw: token(signed(t, rs256, other, claims(nil), "jku", "http://127.0.0.1:1/keys", "jwk", map[string]any{"kty": "RSA", "e": "AQAB", "n": encode(string(other.N.Bytes()))})), status: 401, want: badJWT},
		{name: "a key's id that is a path", raw: token(signed(t, rs256, other, claims(nil), "kid", "../../../../dev/null")), status: 401, want: badJWT},
		{name: "changed claims", raw: token(parts[0] + "." + encode(adminClaims) + "." + parts[2]), status: 401, want: badJWT},
		{name: "no signature", raw: token(parts[0] + "." + parts[1] + "."), status: 401, want: badJWT},
		{name: "expired", raw: token(signed(t, rs256, key, claims(func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Minute).Unix() }))), status: 401, want: badJWT},
		{name: "not yet valid", raw: token(signed(t, rs256, key, claims(func(c jwt.MapClaims) { c["nbf"] = time.Now().Add(time.Hour).Unix() }))), status: 401, want: badJWT},
		{name: "another audience", raw: token(signed(t, rs256, key, claims(func(c jwt.MapClaims) { c["aud"] = "other" }))), status: 401, want: badJWT},
		{name: "no audience", raw: token(signed(t, rs256, key, claims(func(c jwt.MapClaims) { delete(c, "aud") }))), status: 401, want: badJWT},
		{name: "no claims of Hasura", raw: token(signed(t, rs256, key, jwt.MapClaims{"aud": "joinery"})), status: 401, want: `"errors"`},
		{name: "a default role that isn't allowed", raw: token(signed(t, rs256, key, hasura(map[string]any{"x-hasura-default-role": "admin", "x-hasura-allowed-roles": []string{"user"}}))), status: 401, want: `"errors"`},
		{name: "roles as text", raw: token(signed(t, rs256, key, hasura(map[string]any{"x-hasura-default-role": "admin", "x-hasura-allowed-roles": "admin"}))), status: 401, want: `"errors"`},
		{name: "a user id that is an object", raw: token(signed(t, rs256, key, hasura(map[string]any{"x-hasura-default-role": "user", "x-hasura-allowed-roles": []string{"user"}, "x-hasura-user-id": map[string]any{"_neq": "x"}}))), status: 401, want: `"errors"`},
		{name: "two tokens", raw: with(ann, "Authorization: Bearer x"), status: 401, want: `"errors"`},
		{name: "a token of a megabyte", raw: with("Authorization: Bearer " + strings.Repeat("x", 1_200_000)), status: 431},
		{name: "injection by a claim", raw: token(signed(t, rs256, key, hasura(map[string]any{"x-hasura-default-role": "user", "x-hasura-allowed-roles": []string{"user"}, "x-hasura-user-id": "x' or '1'='1"}))), status: 200, want: `{"data":{"users":[]}}`},

		// behind a router
		{name: "router: no proof", raw: withRouter(drop(0)), status: 401, want: refused, router: true},
		{name: "router: wrong proof", raw: httpPost(document(rows), "Router-Authorization: planted-router", "x-hasura-role: admin"), status: 401, want: refused, router: true},
		{name: "router: two proofs", raw: withRouter(add("Router-Authorization: x")), status: 401, want: refused, router: true},
		{name: "router: no role", raw: withRouter(drop(1)), status: 401, want: refused, router: true},
		{name: "router: two roles", raw: withRouter(add("X-HASURA-ROLE: admin")), status: 401, want: `"code":"invalid-headers"`, router: true},
		{name: "router: two users", raw: withRouter(add("X-Hasura-USER-ID: b" + "ob")), status: 401, want: `"code":"invalid-headers"`, router: true},
		{name: "router: its proof is not forwarded", raw: httpPost(document(`{ find(id: 1) { id } }`), router...), status: 200, want: `{"data":{"find":{"id":1}}}`, absent: attackRouterSecret, router: true},

		// rows of others
		{name: "another's row by its key", raw: as(`{ users_by_pk(id: 2) { private } }`), status: 200, want: `{"data":{"users_by_pk":null}}`},
		{name: "another's row by a condition", raw: as(`{ users(where: {_or: [{id: {_eq: 2}}, {_not: {id: {_eq: 1}}}]}) { private } }`), status: 200, want: `{"data":{"users":[]}}`},
		{name: "another's row by a relationship", raw: as(`{ users { boss { private } posts { title } } }`), status: 200, want: `{"data":{"users":[{"boss":null,"posts":[{"title":"a"}]}]}}`},
		{name: "another's row counted", raw: as(`{ users_aggregate { aggregate { count } nodes { private } } }`), status: 200, want: `"count":1`},
		{name: "another's row guessed by a condition", raw: as(`{ users(where: {boss: {private: {_like: "planted%"}}}) { id } }`), status: 200, want: `{"data":{"users":[]}}`},
		{name: "another's row by an action", raw: as(`{ find(id: 2) { id user { private } } }`), status: 200, want: `"private":"of ann"`},
		{name: "forged representation", raw: represent(`{"__typename":"users","id":2}`), status: 200, want: `{"data":{"_entities":[null]}`},
		{name: "forged representation of an output", raw: represent(`{"__typename":"Found","id":2,"text":"x"}`), status: 200, want: `"user":null`},
		{name: "forged representation with columns", raw: represent(`{"__typename":"users","id":2,"name":"ann","private":"x","user_id":1}`), status: 200, want: `{"data":{"_entities":[null]}`},
		{name: "representation with two keys", raw: represent(`{"__typename":"users","id":1,"id":2}`), status: 400, want: bad},
		{name: "representation of another type", raw: represent(`{"__typename":"pg_catalog.pg_authid","id":1}`), status: 200, want: `"code":"invalid-representation"`},
		{name: "representation of the root", raw: represent(`{"__typename":"Query","id":1}`), status: 200, want: `"code":"invalid-representation"`},
		{name: "representation without a type", raw: represent(`{"id":2}`), status: 200, want: `"code":"invalid-representation"`},
		{name: "representation whose type is an object", raw: represent(`{"__typename":{"a":1},"id":2}`), status: 200, want: `"code":"invalid-representation"`},
		{name: "an action that isn't permitted", raw: as(`{ forbidden { id } }`), status: 200, want: `permission-denied`},

		// injection
		{name: "injection by a key", raw: represent(`{"__typename":"users","id":"1 or 1=1"}`), status: 200, want: `"code":"data-exception"`},
		{name: "injection by a key that is text", raw: represent(`{"__typename":"users","id":"2; drop table posts"}`), status: 200, want: `"code":"data-exception"`},
		{name: "injection by where", raw: as(`{ users(where: {name: {_eq: "' or true --"}}) { id private } }`), status: 200, want: `{"data":{"users":[]}}`},
		{name: "injection by a pattern", raw: as(`{ users(where: {name: {_similar: "%' or name similar to '%"}}) { id } }`), status: 200, want: `"users":`},
		{name: "injection by a zero byte", raw: as(`query($n: String) { users(where: {name: {_eq: $n}}) { id } }`, `{"n":"ann\u0000"}`), status: 200, want: `"errors"`},
		{name: "injection by half a surrogate", raw: as(`query($n: String) { users(where: {name: {_eq: $n}}) { id } }`, `{"n":"\ud800"}`), status: 400, want: bad},
		{name: "injection by order_by", raw: as(`query($o: [users_order_by!]) { users(order_by: $o) { id } }`, `{"o":[{"id\" desc; drop table posts --":"asc"}]}`), status: 200, want: invalid},
		{name: "injection by a direction", raw: as(`query($o: [users_order_by!]) { users(order_by: $o) { id } }`, `{"o":[{"id":"asc; drop table posts"}]}`), status: 200, want: invalid},
		{name: "injection by an operator", raw: as(`query($w: users_bool_exp) { users(where: $w) { id } }`, `{"w":{"id":{"= 1 or 1=1 --":1}}}`), status: 200, want: invalid},
		{name: "injection by an alias", raw: as("{ a\": users { id } }"), status: 200, want: noParse},
		{name: "an alias of SQL's words", raw: as(`{ select: users { table: id union: name } }`), status: 200, want: `{"data":{"select":[{"table":1,"union":"ann"}]}}`},
		{name: "injection by limit", raw: as(`query($n: Int) { users(limit: $n) { id } }`, `{"n":"1; drop table posts"}`), status: 200, want: invalid},
		{name: "injection by an operation's name", raw: httpPost(`{"query":"query a { users { id } }","operationName":"a\u0022; drop table posts --"}`, ann), status: 200, want: invalid},
		{name: "injection by a variable's name", raw: as(`query($a: Int) { users(limit: $a) { id } }`, `{"a\"); drop table posts --":1}`), status: 200, want: `"users":`},
		{name: "prototype members", raw: as(`query($w: users_bool_exp) { users(where: $w) { id } }`, `{"w":{"__proto__":{"id":{}},"constructor":{}}}`), status: 200, want: invalid},

		// what costs much
		{name: "aliases", raw: as(`{` + repeat(600, " a#: users { id }") + ` }`), status: 200, want: limit},
		{name: "root fields", raw: as(`mutation {` + repeat(200, " a#: make { id }") + ` }`), status: 200, want: limit},
		{name: "fields within each other", raw: as(`{ users ` + strings.Repeat("{ boss ", 40) + `{ id }` + strings.Repeat("}", 40) + ` }`), status: 200, want: limit},
		{name: "rows of rows", raw: as(`{ users(limit: 100000) { posts(limit: 100000) { id } } }`), status: 200, want: limit},
		{name: "fragments that double", raw: as(`{ users { ...f0 } }` + repeat(40, " fragment f# on users { a: boss { ...g# } b: boss { ...g# } } fragment g# on users { ...f#0 id }")), status: 200, want: `"errors"`},
		{name: "fragments that double, in a chain", raw: as(`{ users { ...f0 } }` + chain(40)), status: 200, want: limit},
		{name: "fragments in a cycle", raw: as(`{ users { ...a } } fragment a on users { boss { ...b } } fragment b on users { boss { ...a } }`), status: 200, want: invalid},
		{name: "fragments that all spread each other", raw: as(`{ __schema { ...f0 } }` + repeat(50, " fragment f# on __Schema { description "+repeat(50, " ...f#")+" }")), status: 200, want: invalid},
		{name: "one field ten thousand times", raw: as(`{ users {` + strings.Repeat(" id", 10_000) + ` } }`), status: 200, want: `{"data":{"users":[{"id":1}]}}`},
		{name: "tokens", raw: as(`{` + strings.Repeat(" __typename", 20_000) + ` }`), status: 200, want: limit},
		{name: "directives", raw: as(`{ users` + strings.Repeat(" @skip(if: false)", 2_000) + ` { id } }`), status: 200, want: invalid},
		{name: "unknown fields by the thousand", raw: as(`{` + repeat(80, " planted# ") + ` }`), status: 200, want: invalid},
		{name: "a condition nested deep", raw: as(`query($w: users_bool_exp) { users(where: $w) { id } }`, `{"w":`+strings.Repeat(`{"_not":`, 5_000)+`{}`+strings.Repeat("}", 5_000)+`}`), status: 200, want: `nested deeper than 50`},
		{name: "conditions by the thousand", raw: as(`query($w: users_bool_exp) { users(where: $w) { id } }`, `{"w":{"_or":[{}`+repeat(20_000, `,{"id":{"_eq":#}}`)+`]}}`), status: 200, want: `more than 3000 conditions`},
		{name: "JSON nested deep", raw: as(`query($v: jsonb) { find(any: $v) { id } }`, `{"v":`+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+`}`), status: 400, want: bad},
		{name: "a huge integer", raw: as(`query($n: Int) { users(limit: $n) { id } }`, `{"n":`+strings.Repeat("9", 10_000)+`}`), status: 200, want: invalid},
		{name: "a huge integer as a key", raw: represent(`{"__typename":"users","id":` + strings.Repeat("9", 10_000) + `}`), status: 200, want: `"code":"data-exception"`},
		{name: "a huge exponent", raw: as(`query($w: users_bool_exp) { users(where: $w) { id } }`, `{"w":{"id":{"_eq":1e999999999}}}`), status: 200, want: invalid},
		{name: "a negative limit", raw: as(`{ users(limit: -1) { id } }`), status: 200, want: `unexpected negative value`},
		{name: "a body above the limit", raw: httpPost(`{"query":"`+strings.Repeat(" ", 1_000_001)+`"}`, ann), status: 413, want: limit},
		{name: "a compressed bomb", raw: httpPost(gzipped(`{"query":"`+strings.Repeat(" ", 1<<20), 100), ann, "Content-Encoding: gzip"), status: 413, want: limit},
		{name: "a compressed bomb within another", raw: httpPost(gzipped(gzipped(strings.Repeat(" ", 1<<20), 100), 1), ann, "Content-Encoding: gzip, gzip"), status: 400, want: bad},
		{name: "a broken compression", raw: httpPost("\x1f\x8b\x08nothing", ann, "Content-Encoding: gzip"), status: 400, want: bad},
		{name: "a batch", raw: httpPost(`[`+document(rows)+`,`+document(rows)+`]`, ann), status: 400, want: bad},
		{name: "a long regular expression", raw: as(`{ users(where: {name: {_regex: "` + strings.Repeat("(a*)*", 50) + `b"}}) { id } }`), status: 200, want: `"users":`},

		// what the schema tells
		{name: "introspection", raw: as(`{ __schema { types { name } } }`), status: 200, want: `"code":"introspection-disabled"`},
		{name: "introspection of a type", raw: as(`{ __type(name: "users") { fields { name } } }`), status: 200, want: `"code":"introspection-disabled"`},
		{name: "a field's name guessed", raw: as(`{ users { privat } }`), status: 200, want: `"message":"Cannot query field \"privat\" on type \"users\"."`},
		{name: "an argument's name guessed", raw: as(`{ users(wher: 1) { id } }`), status: 200, want: `"message":"Unknown argument \"wher\" on field \"Query.users\"."`},
		{name: "a persisted document that isn't there", raw: httpPost(`{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"x"}}}`, ann), status: 200, want: "PersistedQueryNotFound"},
		{name: "a persisted document under another hash", raw: httpPost(`{"query":"{ users { id } }","extensions":{"persistedQuery":{"version":1,"sha256Hash":"`+strings.Repeat("0", 64)+`"}}}`, ann), status: 200, want: "provided APQ hash does not match query"},

		// from another site
		{name: "a form of text", raw: strings.Replace(httpPost(document(rows), ann), "application/json", "text/plain", 1), status: 415, want: bad},
		{name: "a form of text that says JSON, too", raw: strings.Replace(httpPost(document(rows), ann), "application/json", "text/plain; application/json", 1), status: 415, want: bad},
		{name: "a form", raw: strings.Replace(httpPost("query={users{id}}", ann), "application/json", "application/x-www-form-urlencoded", 1), status: 415, want: bad},
		{name: "a form with files", raw: strings.Replace(httpPost("--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n"+document(rows)+"\r\n--x--\r\n", ann), "application/json", "multipart/form-data; boundary=x", 1), status: 415, want: bad},
		{name: "no content type", raw: strings.Replace(httpPost(document(rows), ann), "Content-Type: application/json\r\n", "", 1), status: 415, want: bad},
		{name: "two content types", raw: strings.Replace(httpPost(document(rows), ann), "Content-Type: application/json", "Content-Type: text/plain\r\nContent-Type: application/json", 1), status: 415, want: bad},
		{name: "a query by GET", raw: "GET /graphql?query={users{id}} HTTP/1.1\r\nHost: x\r\n" + ann + "\r\n\r\n", status: 405, want: bad},
		{name: "a mutation by GET", raw: "GET /graphql?query=mutation{make{id}} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + ann + "\r\n\r\n", status: 405, want: bad, absent: "/make"},
		{name: "a method that a proxy allows", raw: "GET /graphql HTTP/1.1\r\nHost: x\r\nX-HTTP-Method-Override: POST\r\nContent-Type: application/json\r\nContent-Length: 2\r\n" + ann + "\r\n\r\n{}", status: 405, want: bad},
		{name: "a preflight", raw: "OPTIONS /graphql HTTP/1.1\r\nHost: x\r\nOrigin: http://evil.test\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n\r\n", status: 401, want: `"code":"invalid-headers"`},

		// to handlers
		{name: "a value with line ends", raw: as(`{ find(text: "x\r\nX-Injected: 1\r\n\r\nPOST /make HTTP/1.1") { id } }`), status: 200, want: `{"data":{"find":{"id":1}}}`, absent: "\nx-injected: 1"},
		{name: "a header with a line end", raw: httpPost(document(`{ find(id: 1) { id } }`), ann, "X-Mine: a\nX-Injected: 1"), status: 200, want: `{"data":{"find":{"id":1}}}`, absent: "x-mine: a\nx"},
		{name: "a handler's URL by an argument", raw: as(`{ find(text: "@127.0.0.1:1/../../make?x=1#") { id } }`), status: 200, want: `{"data":{"find":{"id":1}}}`, absent: "/make http"},
		{name: "the handler's host", raw: strings.Replace(httpPost(document(`{ find(id: 1) { id } }`), ann), "Host: joinery.test", "Host: evil.test", 1), status: 200, want: `{"data":{"find":{"id":1}}}`, absent: "/find evil.test"},
		{name: "a hop-by-hop header", raw: httpPost(document(`{ find(id: 1) { id } }`), ann, "Connection: X-Mine, keep-alive", "X-Mine: smuggled"), status: 200, want: `{"data":{"find":{"id":1}}}`, absent: "smuggled"},
		{name: "a proxy's header", raw: httpPost(document(`{ find(id: 1) { id } }`), ann, "Proxy-Authorization: smuggled", "TE: smuggled", "Upgrade: smuggled", "Trailer: smuggled"), status: 200, want: `{"data":{"find":{"id":1}}}`, absent: "smuggled"},
		{name: "session variables of one's own", raw: httpPost(document(`{ find(id: 1) { id } }`), ann, "x-hasura-user-id: smuggled", "X-Hasura-Org: smuggled"), status: 200, want: `{"data":{"find":{"id":1}}}`, absent: "smuggled"},
		{name: "a redirect", raw: as(`{ redirect { id } }`), status: 200, want: `"code":"unexpected"`, absent: "x-api-key"},
		{name: "a redirect to another host", raw: as(`{ away { id } }`), status: 200, want: `"code":"unexpected"`},
		{name: "a huge answer", raw: as(`{ huge { text } }`), status: 200, want: `response of the action webhook is larger than`},
		{name: "an answer that ends the client's", raw: as(`{ split { text } }`), status: 200, want: `"text":"x\"},\"errors\"`},

		// HTTP
		{name: "two lengths", raw: strings.Replace(httpPost(document(rows), ann), "Content-Length:", "Content-Length: 0\r\nContent-Length:", 1), status: 400},
		{name: "a length and chunks", raw: strings.Replace(httpPost("0\r\n\r\nPOST /graphql HTTP/1.1\r\n\r\n", ann), "Content-Length", "Transfer-Encoding: chunked\r\nContent-Length", 1), status: 400, want: bad},
		{name: "an unknown transfer encoding", raw: strings.Replace(httpPost(document(rows), ann), "Content-Length", "Transfer-Encoding: xchunked\r\nX", 1), status: 501},
		{name: "a negative length", raw: "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n", status: 400},
		{name: "a space before the colon", raw: strings.Replace(httpPost(document(rows), ann), "Content-Length:", "Content-Length :", 1), status: 400},
		{name: "a folded header", raw: httpPost(document(rows), ann, "x-mine: a", " x-hasura-role: admin"), status: 200, want: annsRow},
		{name: "a zero byte in a header", raw: httpPost(document(rows), ann, "x-mine: a\x00b"), status: 400},
		{name: "no host", raw: strings.Replace(httpPost(document(rows), ann), "Host: joinery.test\r\n", "", 1), status: 400},
		{name: "another path to the endpoint", raw: strings.Replace(httpPost(document(rows)), "/graphql", "/livez/../graphql", 1), status: 307},
		{name: "headers without end", raw: "POST /graphql HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-A: "+strings.Repeat("a", 1_000)+"\r\n", 1_500), status: 431},
	}
}

// chain are fragments that each hold the next one twice.
func chain(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " fragment f%d on users { a: boss { ...f%d } b: boss { ...f%d } }", i, i+1, i+1)
	}
	fmt.Fprintf(&b, " fragment f%d on users { id }", n)
	return b.String()
}
