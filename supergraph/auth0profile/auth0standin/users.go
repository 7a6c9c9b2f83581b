package auth0standin

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// User is an Auth0 user object as the Management API gives it: the field's name, and its JSON.
// Every user has a user_id, a string that is not empty.
type User map[string]json.RawMessage

// ReadUsers reads a JSON array of user objects. An error names the user by its place, from 0.
func ReadUsers(r io.Reader) ([]User, error) {
	var users []User
	if err := json.NewDecoder(r).Decode(&users); err != nil {
		return nil, fmt.Errorf("read users: %w", err)
	}
	if _, err := indexUsers(users); err != nil {
		return nil, fmt.Errorf("read users: %w", err)
	}
	return users, nil
}

func (u User) id() string {
	var id string
	if json.Unmarshal(u["user_id"], &id) != nil {
		return ""
	}
	return id
}

func indexUsers(users []User) (map[string]User, error) {
	byID := make(map[string]User, len(users))
	for i, user := range users {
		id := user.id()
		if id == "" {
			return nil, fmt.Errorf("invalid user %d: user_id is not a string with characters in it", i)
		}
		if byID[id] != nil {
			return nil, fmt.Errorf("duplicate user_id of user %d", i)
		}
		byID[id] = user
	}
	return byID, nil
}

// project keeps the fields listed (include), or all but these. An empty list keeps all.
func (u User) project(list string, include bool) User {
	if list == "" {
		return u
	}
	named := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		named[strings.TrimSpace(name)] = true
	}
	kept := User{}
	for name, value := range u {
		if named[name] == include {
			kept[name] = value
		}
	}
	return kept
}
