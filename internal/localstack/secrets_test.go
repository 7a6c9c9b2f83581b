package localstack

import (
	"fmt"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

func TestSecrets(t *testing.T) {
	t.Parallel()
	made, again := newSecrets(environment{}.lookup), newSecrets(environment{}.lookup)
	if made.router == again.router || made.jwt == again.jwt || made.jwt != fmt.Sprintf(`{"key":%q,"type":"HS256"}`, made.key) || len(made.key) < 32 || len(made.router) < 32 {
		t.Errorf("got %+v and %+v", made, again)
	}
	set := newSecrets(environment{"JOINERY_ROUTER_SECRET": "first,second", "HASURA_GRAPHQL_JWT_SECRET": "{}"}.lookup)
	if want := (secrets{router: "first", jwt: "{}"}); set != want {
		t.Errorf("got %+v", set)
	}
	signed, err := made.sign(token{Name: text{value: "ann"}, Role: text{value: "user"}, Variables: map[string]text{"x-hasura-user-id": {value: "7"}}})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.Parse(signed, func(*jwt.Token) (any, error) { return []byte(made.key), nil }, jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	if err != nil {
		t.Fatal(err)
	}
	claims := fmt.Sprint(parsed.Claims.(jwt.MapClaims)["https://hasura.io/jwt/claims"])
	if claims != "map[x-hasura-allowed-roles:[user] x-hasura-default-role:user x-hasura-user-id:7]" {
		t.Errorf("got %s", claims)
	}
}

func TestTokenFaults(t *testing.T) {
	t.Parallel()
	dir := stackWith(t, map[string]string{"metadata/version.yaml": "version: 3", stackFile: `metadata: metadata
subgraphs: [{name: joinery, url: "${joinery.url}"}]
tokens:
- name: ann
- name: bo
  role: user
  variables: {user-id: 7}
`})
	_, err := Read(dir)
	if err == nil {
		t.Fatal("no faults")
	}
	for _, want := range []string{
		"stack.yaml:4: missing name or role of token 1", `stack.yaml:7: invalid variable "user-id" of token "bo"`, `stack.yaml:5: token "bo" is for a Joinery that wouldn't take it`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
}
