package main

import (
	"context"
	"errors"
	"strconv"
)

var errAnswer = errors.New("unexpected answer of an action's handler")

// usersByID answers {_entities{name email}}.
func (s *server) usersByID(ctx context.Context, x *exchange, variables []byte) error {
	if err := s.loadEntities(ctx, x, usersStatement, variables); err != nil {
		return err
	}
	x.out = append(x.out[:0], `{"data":{"_entities":[`...)
	for i := range x.ids {
		x.comma(i)
		x.appendUser(i)
	}
	x.out = append(x.out, `]}}`...)
	return nil
}

func (s *server) loadEntities(ctx context.Context, x *exchange, statement int, variables []byte) (err error) {
	if x.ids, err = appendRepresentations(x.ids[:0], variables); err != nil {
		return err
	}
	return s.load(ctx, x, &x.users, statement, x.ids)
}

// usersWithPosts answers {_entities{name posts(limit:5){id title}}}.
func (s *server) usersWithPosts(ctx context.Context, x *exchange, variables []byte) error {
	if err := s.loadEntities(ctx, x, userNamesStatement, variables); err != nil {
		return err
	}
	if err := s.load(ctx, x, &x.posts, firstPostsStatement, x.ids, five); err != nil {
		return err
	}
	x.out = append(x.out[:0], `{"data":{"_entities":[`...)
	for i := range x.ids {
		x.comma(i)
		x.appendUserWithPosts(i)
	}
	x.out = append(x.out, `]}}`...)
	return nil
}

// createUser answers {createUser{id user{name email}}}.
func (s *server) createUser(ctx context.Context, x *exchange, q request) error {
	answer, err := s.handler.call(ctx, "createUser", "/create-user", q)
	if err != nil {
		return err
	}
	sc := scanner{in: answer}
	x.ids = x.ids[:0]
	sc.object(func([]byte) { x.ids = append(x.ids, sc.integer()) })
	if err := sc.err(); err != nil || len(x.ids) != 1 {
		return errors.Join(err, errAnswer)
	}
	if err := s.load(ctx, x, &x.users, usersStatement, x.ids); err != nil {
		return err
	}
	x.out = append(x.out[:0], `{"data":{"createUser":{"id":`...)
	x.out = strconv.AppendInt(x.out, x.ids[0], 10)
	x.out = append(x.out, `,"user":`...)
	x.appendUser(0)
	x.out = append(x.out, `}}}`...)
	return nil
}

// createUsers answers {createUsers{id user{name posts(limit:5){id title}}}}.
func (s *server) createUsers(ctx context.Context, x *exchange, q request) error {
	answer, err := s.handler.call(ctx, "createUsers", "/create-users", q)
	if err != nil {
		return err
	}
	sc := scanner{in: answer}
	x.ids = appendIDs(x.ids[:0], &sc)
	if err := sc.err(); err != nil {
		return err
	}
	if err := s.load(ctx, x, &x.users, userNamesStatement, x.ids); err != nil {
		return err
	}
	if err := s.load(ctx, x, &x.posts, firstPostsStatement, x.ids, five); err != nil {
		return err
	}
	x.out = append(x.out[:0], `{"data":{"createUsers":[`...)
	for i, id := range x.ids {
		x.comma(i)
		x.out = append(x.out, `{"id":`...)
		x.out = strconv.AppendInt(x.out, id, 10)
		x.out = append(x.out, `,"user":`...)
		x.appendUserWithPosts(i)
		x.out = append(x.out, '}')
	}
	x.out = append(x.out, `]}}`...)
	return nil
}

// createUsersFiltered answers {createUsers{id user{name posts(where:{id:{_gt:$after}},order_by:[{id:desc}],limit:5){id title}
// posts_aggregate(where:{id:{_gt:$after}}){aggregate{count max{likes}}}}}}.
func (s *server) createUsersFiltered(ctx context.Context, x *exchange, q request) error {
	after, err := q.takeAfter()
	if err != nil {
		return err
	}
	answer, err := s.handler.call(ctx, "createUsers", "/create-users", q)
	if err != nil {
		return err
	}
	sc := scanner{in: answer}
	x.ids = appendIDs(x.ids[:0], &sc)
	if err := sc.err(); err != nil {
		return err
	}
	if err := s.load(ctx, x, &x.users, userNamesStatement, x.ids); err != nil {
		return err
	}
	if err := s.load(ctx, x, &x.posts, postsAfterStatement, x.ids, five, after); err != nil {
		return err
	}
	if err := s.load(ctx, x, &x.totals, postsTotalStatement, x.ids, after); err != nil {
		return err
	}
	x.out = append(x.out[:0], `{"data":{"createUsers":[`...)
	for i, id := range x.ids {
		x.comma(i)
		x.out = append(x.out, `{"id":`...)
		x.out = strconv.AppendInt(x.out, id, 10)
		x.out = append(x.out, `,"user":`...)
		x.appendUserWithTotal(i)
		x.out = append(x.out, '}')
	}
	x.out = append(x.out, `]}}`...)
	return nil
}

// depth4 answers {_entities{name posts{title editor{name posts{title}}}}}.
func (s *server) depth4(ctx context.Context, x *exchange, variables []byte) error {
	if err := s.loadEntities(ctx, x, userNamesStatement, variables); err != nil {
		return err
	}
	if err := s.load(ctx, x, &x.posts, postEditorsStatement, x.ids); err != nil {
		return err
	}
	editors := x.posts.next
	if err := s.load(ctx, x, &x.editors, userNamesStatement, editors); err != nil {
		return err
	}
	if err := s.load(ctx, x, &x.edited, postTitlesStatement, editors); err != nil {
		return err
	}
	x.out = append(x.out[:0], `{"data":{"_entities":[`...)
	for i := range x.ids {
		x.comma(i)
		x.appendUser4(i)
	}
	x.out = append(x.out, `]}}`...)
	return nil
}

func (x *exchange) comma(i int) {
	if i > 0 {
		x.out = append(x.out, ',')
	}
}

// appendUser writes a user as {"name":...,"email":...}, or null where there is none.
func (x *exchange) appendUser(key int) {
	row, to := x.users.of(key)
	if row == to {
		x.out = append(x.out, "null"...)
		return
	}
	row = x.users.at(row)
	x.out = appendString(append(x.out, `{"name":`...), x.users.cell(row, 0))
	x.out = appendString(append(x.out, `,"email":`...), x.users.cell(row, 1))
	x.out = append(x.out, '}')
}

func (x *exchange) appendUserWithPosts(key int) {
	row, to := x.users.of(key)
	if row == to {
		x.out = append(x.out, "null"...)
		return
	}
	x.appendNameAndPosts(key, row)
	x.out = append(x.out, '}')
}

func (x *exchange) appendUserWithTotal(key int) {
	row, to := x.users.of(key)
	if row == to {
		x.out = append(x.out, "null"...)
		return
	}
	x.appendNameAndPosts(key, row)
	total, _ := x.totals.of(key)
	total = x.totals.at(total)
	x.out = append(append(x.out, `,"posts_aggregate":{"aggregate":{"count":`...), x.totals.cell(total, 0)...)
	x.out = append(x.out, `,"max":{"likes":`...)
	if likes := x.totals.cell(total, 1); len(likes) > 0 {
		x.out = append(x.out, likes...)
	} else {
		x.out = append(x.out, "null"...)
	}
	x.out = append(x.out, `}}}}`...)
}

func (x *exchange) appendNameAndPosts(key, row int) {
	x.out = appendString(append(x.out, `{"name":`...), x.users.cell(x.users.at(row), 0))
	x.out = append(x.out, `,"posts":[`...)
	from, to := x.posts.of(key)
	for i := from; i < to; i++ {
		x.comma(i - from)
		post := x.posts.at(i)
		x.out = append(append(x.out, `{"id":`...), x.posts.cell(post, 0)...)
		x.out = appendString(append(x.out, `,"title":`...), x.posts.cell(post, 1))
		x.out = append(x.out, '}')
	}
	x.out = append(x.out, ']')
}

func (x *exchange) appendUser4(key int) {
	row, to := x.users.of(key)
	if row == to {
		x.out = append(x.out, "null"...)
		return
	}
	x.out = appendString(append(x.out, `{"name":`...), x.users.cell(x.users.at(row), 0))
	x.out = append(x.out, `,"posts":[`...)
	from, to := x.posts.of(key)
	for i := from; i < to; i++ {
		x.comma(i - from)
		post := x.posts.at(i)
		x.out = appendString(append(x.out, `{"title":`...), x.posts.cell(post, 0))
		x.out = append(x.out, `,"editor":`...)
		x.appendEditor(post)
		x.out = append(x.out, '}')
	}
	x.out = append(x.out, `]}`...)
}

// appendEditor writes the editor of a post: the post's row number is the key's.
func (x *exchange) appendEditor(key int) {
	row, to := x.editors.of(key)
	if row == to {
		x.out = append(x.out, "null"...)
		return
	}
	x.out = appendString(append(x.out, `{"name":`...), x.editors.cell(x.editors.at(row), 0))
	x.out = append(x.out, `,"posts":[`...)
	from, to := x.edited.of(key)
	for i := from; i < to; i++ {
		x.comma(i - from)
		x.out = appendString(append(x.out, `{"title":`...), x.edited.cell(x.edited.at(i), 0))
		x.out = append(x.out, '}')
	}
	x.out = append(x.out, `]}`...)
}

// appendString writes a JSON string. Postgres' text is valid UTF-8.
func appendString(dst, text []byte) []byte {
	dst = append(dst, '"')
	from := 0
	for i, c := range text {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		default:
			const hex = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, text[from:]...)
	return append(dst, '"')
}
