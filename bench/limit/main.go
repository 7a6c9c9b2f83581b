package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "limit:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	config, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	config.AfterConnect = prepare
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	return http.ListenAndServe(os.Getenv("LISTEN"), &server{pool: pool, handler: newHandler(os.Getenv("HANDLER_URL"))})
}

type server struct {
	pool    *pgxpool.Pool
	handler *handler
}

// exchange is the memory of one request, used again by a later one.
type exchange struct {
	in, out, keys  []byte
	parameters     [][]byte
	ids            []int64
	users, editors rows
	posts, edited  rows
	totals         rows
}

var exchanges = sync.Pool{New: func() any { return &exchange{} }}

var errUnknownOperation = errors.New("unknown operation")

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := exchanges.Get().(*exchange)
	defer exchanges.Put(x)
	if err := s.answer(r, x); err != nil {
		http.Error(w, `{"errors":[{"message":"internal error"}]}`, http.StatusInternalServerError)
		fmt.Fprintln(os.Stderr, "limit:", err)
		return
	}
	w.Header()["Content-Type"] = contentType
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(x.out))}
	_, _ = w.Write(x.out)
}

var contentType = []string{"application/json"}

func (s *server) answer(r *http.Request, x *exchange) error {
	var err error
	if x.in, err = readAll(x.in[:0], r.Body, r.ContentLength); err != nil {
		return err
	}
	q, err := readRequest(x.in)
	if err != nil {
		return err
	}
	ctx := r.Context()
	switch string(q.operation) {
	case "Users":
		return s.usersByID(ctx, x, q.variables)
	case "UsersWithPosts":
		return s.usersWithPosts(ctx, x, q.variables)
	case "CreateUser":
		return s.createUser(ctx, x, q)
	case "CreateUsers":
		return s.createUsers(ctx, x, q)
	case "CreateUsersFiltered":
		return s.createUsersFiltered(ctx, x, q)
	case "Depth4":
		return s.depth4(ctx, x, q.variables)
	}
	return errUnknownOperation
}

// readAll reads a body of a known length, or of an unknown one.
func readAll(dst []byte, r io.Reader, length int64) ([]byte, error) {
	if length < 0 {
		more, err := io.ReadAll(r)
		return append(dst, more...), err
	}
	dst = append(dst, make([]byte, length)...)
	_, err := io.ReadFull(r, dst)
	return dst, err
}
