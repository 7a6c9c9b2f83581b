package auth

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	defaultNamespace     = "https://hasura.io/jwt/claims"
	allowedRolesVariable = "x-hasura-allowed-roles"
	defaultRoleVariable  = "x-hasura-default-role"
)

// claimsReader finds Hasura's claims in those of a token. Either mapped is set, or the others are.
type claimsReader struct {
	namespace   string
	path        *jsonPath // instead of namespace
	stringified bool
	mapped      map[string]mappedClaim // by session variable
}

// mappedClaim is an entry of claims_map: a way into the token with a value for where it leads nowhere, or a value alone.
type mappedClaim struct {
	path  *jsonPath
	value any // nil: none. A string, of the allowed roles a list of strings
}

func (s *JWTSecret) readClaims(in *secretJSON) error {
	c := &s.claims
	c.namespace = defaultNamespace
	switch {
	case in.ClaimsNamespace != nil && in.ClaimsNamespacePath != nil:
		return errors.New("claims_namespace and claims_namespace_path both cannot be set")
	case in.ClaimsNamespace != nil:
		c.namespace = *in.ClaimsNamespace
	case in.ClaimsNamespacePath != nil:
		c.path = in.ClaimsNamespacePath
	}
	if in.ClaimsFormat != nil {
		c.stringified = *in.ClaimsFormat == "stringified_json"
		if !c.stringified && *in.ClaimsFormat != "json" {
			return errors.New("claims_format: want json or stringified_json")
		}
	}
	if in.ClaimsMap == nil {
		return nil
	}
	return c.readMap(in.ClaimsMap)
}

func (c *claimsReader) readMap(in map[string]jsontext.Value) error {
	c.mapped = map[string]mappedClaim{}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		variable := strings.ToLower(name)
		if !strings.HasPrefix(variable, variablePrefix) {
			return fmt.Errorf("claims_map: %q is no session variable: want x-hasura-...", name)
		}
		if _, twice := c.mapped[variable]; twice {
			return fmt.Errorf("claims_map: duplicate %q", variable)
		}
		claim, err := readMapped(variable, in[name])
		if err != nil {
			return fmt.Errorf("claims_map: %s: %w", variable, err)
		}
		c.mapped[variable] = claim
	}
	for _, required := range []string{allowedRolesVariable, defaultRoleVariable} {
		if _, ok := c.mapped[required]; !ok {
			return fmt.Errorf("claims_map: %s is expected but not found", required)
		}
	}
	return nil
}

func readMapped(variable string, text jsontext.Value) (claim mappedClaim, err error) {
	if text.Kind() != '{' {
		claim.value, err = readDefault(variable, text)
		return claim, err
	}
	var in struct {
		Path    *jsonPath      `json:"path"`
		Default jsontext.Value `json:"default"`
	}
	if err := json.Unmarshal(text, &in, json.RejectUnknownMembers(true)); err != nil {
		return claim, hideValue(err)
	}
	if in.Path == nil {
		return claim, errors.New("missing path")
	}
	claim.path = in.Path
	if in.Default != nil && in.Default.Kind() != 'n' {
		claim.value, err = readDefault(variable, in.Default)
	}
	return claim, err
}

func readDefault(variable string, text jsontext.Value) (any, error) {
	if variable == allowedRolesVariable {
		var roles []any
		if err := json.Unmarshal(text, &roles); err != nil || slices.ContainsFunc(roles, func(r any) bool { _, ok := r.(string); return !ok }) {
			return nil, errors.New("want a list of roles")
		}
		return roles, nil
	}
	var value string
	if err := json.Unmarshal(text, &value); err != nil {
		return nil, errors.New("want text")
	}
	return value, nil
}

// read gives the claims of a token by session variable, names in lower case.
func (c *claimsReader) read(token map[string]any) (map[string]any, error) {
	if c.mapped != nil {
		return c.readMapped(token)
	}
	object, err := c.object(token)
	if err != nil {
		return nil, err
	}
	claims := map[string]any{}
	for name, value := range object {
		variable := strings.ToLower(name)
		if !strings.HasPrefix(variable, variablePrefix) {
			continue
		}
		if _, twice := claims[variable]; twice {
			return nil, refusal(CodeInvalidClaims, "duplicate claim "+variable)
		}
		claims[variable] = value
	}
	return claims, nil
}

func (c *claimsReader) readMapped(token map[string]any) (map[string]any, error) {
	claims := map[string]any{}
	for variable, mapped := range c.mapped {
		value := mapped.value
		if mapped.path != nil {
			if found, ok := mapped.path.find(token); ok {
				value = found
			}
		}
		if value == nil && variable != allowedRolesVariable && variable != defaultRoleVariable {
			return nil, refusal(CodeInvalidClaims, "JWT claim from claims_map, "+variable+" not found")
		}
		if value != nil {
			claims[variable] = value
		}
	}
	return claims, nil
}

// object is the object that holds the claims.
func (c *claimsReader) object(token map[string]any) (map[string]any, error) {
	value, ok := token[c.namespace]
	missing, place := "claims key: '"+c.namespace+"' not found", "claims_namespace "+c.namespace
	if c.path != nil {
		value, ok = c.path.find(token)
		missing, place = "claims not found at claims_namespace_path: '"+c.path.text+"'", "claims_namespace_path "+c.path.text
	}
	if !ok {
		return nil, refusal(CodeInvalidClaims, missing)
	}
	if !c.stringified {
		object, ok := value.(map[string]any)
		if !ok {
			return nil, refusal(CodeInvalidClaims, "expecting a json object when claims_format is json")
		}
		return object, nil
	}
	text, ok := value.(string)
	if !ok {
		return nil, refusal(CodeInvalidClaims, "expecting a string when claims_format is stringified_json")
	}
	object, ok := decodeObject(text)
	if !ok { // Hasura quotes what it found
		return nil, refusal(CodeInvalidClaims, "expecting stringified json at: '"+place+"'")
	}
	return object, nil
}

func decodeObject(text string) (object map[string]any, ok bool) {
	decoder := stdjson.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil || object == nil || decoder.More() {
		return nil, false
	}
	return object, true
}

// session is what the claims say, in the requested role or, where that is "", in the default one.
func session(claims map[string]any, requested string) (*Session, error) {
	allowed, err := allowedRoles(claims)
	if err != nil {
		return nil, err
	}
	role, err := defaultRole(claims)
	if err != nil {
		return nil, err
	}
	if requested != "" {
		role = requested
	}
	if !slices.Contains(allowed, role) {
		return nil, refusal(CodeAccessDenied, "Your requested role is not in allowed roles")
	}
	variables := make(map[string]string, len(claims))
	for name, value := range claims {
		if name == allowedRolesVariable || name == defaultRoleVariable {
			continue
		}
		text, ok := sessionValue(value)
		if !ok {
			return nil, refusal(CodeInvalidClaims, "x-hasura-* claims: parsing Text failed, expected String, but encountered "+kind(value))
		}
		variables[name] = text
	}
	return newSession(role, variables), nil
}

func allowedRoles(claims map[string]any) ([]string, error) {
	value, ok := claims[allowedRolesVariable]
	if !ok {
		return nil, refusal(CodeMissingRoles, "JWT claim does not contain "+allowedRolesVariable)
	}
	const hint = "invalid " + allowedRolesVariable + "; should be a list of roles: "
	list, ok := value.([]any)
	if !ok {
		return nil, refusal(CodeInvalidClaims, hint+"parsing [] failed, expected Array, but encountered "+kind(value))
	}
	roles := make([]string, len(list))
	for i, item := range list {
		if roles[i], ok = item.(string); !ok || roles[i] == "" {
			return nil, refusal(CodeInvalidClaims, hint+"parsing RoleName failed, expected String, but encountered "+kind(item))
		}
	}
	return roles, nil
}

func defaultRole(claims map[string]any) (string, error) {
	value, ok := claims[defaultRoleVariable]
	if !ok {
		return "", refusal(CodeMissingRoles, "JWT claim does not contain "+defaultRoleVariable)
	}
	role, ok := value.(string)
	if !ok || role == "" {
		return "", refusal(CodeInvalidClaims, "invalid "+defaultRoleVariable+"; should be a single role name: parsing RoleName failed, expected String, but encountered "+kind(value))
	}
	return role, nil
}

// kind is the name of a JSON value's kind, as Hasura's messages have it.
func kind(value any) string {
	switch value.(type) {
	case nil:
		return "Null"
	case bool:
		return "Boolean"
	case string:
		return "String"
	case []any:
		return "Array"
	case map[string]any:
		return "Object"
	}
	return "Number"
}

// sessionValue is the text of a session variable: a string, or of a list its array literal in Postgres.
func sessionValue(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case []any:
		return arrayLiteral(value)
	}
	return "", false
}

func arrayLiteral(list []any) (string, bool) {
	elements := make([]string, len(list))
	for i, item := range list {
		switch item := item.(type) {
		case string:
			elements[i] = quoteElement(item)
		case stdjson.Number:
			elements[i] = item.String()
		case bool:
			elements[i] = fmt.Sprint(item)
		default:
			return "", false
		}
	}
	return "{" + strings.Join(elements, ",") + "}", true
}

// quoteElement quotes an element of an array literal where it has to be (PostgreSQL, "Array Input and Output Syntax").
func quoteElement(text string) string {
	if text != "" && !strings.EqualFold(text, "null") && !strings.ContainsAny(text, "{},\"\\ \t\n\r\v\f") {
		return text
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
