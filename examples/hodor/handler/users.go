package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// user is the output of both actions. Joinery joins the rest of the row by the id.
type user struct {
	ID uuid.UUID `json:"id"`
}

// person is somebody whose id and Auth0 account are known before the row is there.
type person struct {
	Name    string    `json:"name"`
	ID      uuid.UUID `json:"id"`
	Auth0ID *string   `json:"auth0_id"`
}

//go:embed people.json
var peopleJSON []byte

var knownPeople = readPeople(peopleJSON)

func readPeople(text []byte) map[string]person {
	var people []person
	if err := json.Unmarshal(text, &people); err != nil {
		panic("BUG: people.json: " + err.Error())
	}
	byName := make(map[string]person, len(people))
	for _, p := range people {
		byName[p.Name] = p
	}
	return byName
}

// personNamed is the known person of that name, or a new one.
func personNamed(name string) person {
	if p, ok := knownPeople[name]; ok {
		return p
	}
	return person{Name: name, ID: uuid.New()}
}

// users is the table of that name.
type users struct{ pool *pgxpool.Pool }

const createUser = `
insert into public.users (id, name, auth0_id) values ($1, $2, $3)
on conflict (id) do update set name = excluded.name, auth0_id = excluded.auth0_id
returning id`

// create inserts a user. A known person who is there already stays one row.
func (u users) create(ctx context.Context, name string) (created user, err error) {
	p := personNamed(name)
	if err := u.pool.QueryRow(ctx, createUser, p.ID, p.Name, p.Auth0ID).Scan(&created.ID); err != nil {
		return user{}, fmt.Errorf("create user: %w", err)
	}
	return created, nil
}

// list returns the users, oldest first; at most limit of them, all where it is nil.
func (u users) list(ctx context.Context, limit *int) ([]user, error) {
	rows, err := u.pool.Query(ctx, "select id from public.users order by created_at, id limit $1", limit)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[user])
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return list, nil
}
