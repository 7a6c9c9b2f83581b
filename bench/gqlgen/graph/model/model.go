// Package model has the types of the schema.
package model

// User is a row of users.
type User struct {
	ID    int64
	Name  string
	Email string
}

// Post is a row of posts.
type Post struct {
	ID       int64
	AuthorID int64
	EditorID int64
	Title    string
	Likes    int
}

// CreateUserOutput is what the handlers of createUser and createUsers answer.
type CreateUserOutput struct {
	ID int64 `json:"id"`
}

// IsEntity makes User an entity of the federation's _Entity union.
func (User) IsEntity() {}
