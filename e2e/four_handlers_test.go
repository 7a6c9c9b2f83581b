package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
)

// fourHandlers are the REST handlers of the actions of people and catalog.
type fourHandlers struct {
	people *pgxpool.Pool

	mu     sync.Mutex
	placed int // orders since the last reset
}

// placedOrder is the id of the first order that is placed.
const placedOrder = 1001

// reset takes back what operations before wrote.
func (h *fourHandlers) reset(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.placed = 0
	if _, err := h.people.Exec(t.Context(), "delete from orders where id between $1 and $1 + 1000", placedOrder); err != nil {
		t.Fatal(err)
	}
}

// actionInput has the arguments of all actions.
type actionInput struct {
	UserID   int `json:"user_id"`
	SKU      string
	Total    json.Number
	Limit    int
	Text     string
	Currency *string
	Items    []struct {
		SKU   string
		Price *json.Number
	}
}

func (h *fourHandlers) answer(r *http.Request) (*http.Response, error) {
	var payload struct {
		Action struct{ Name string }
		Input  actionInput
	}
	if err := json.NewDecoder(r.Body).Decode(&payload); err != nil {
		return nil, err
	}
	status, answer, err := http.StatusOK, any(nil), error(nil)
	switch payload.Action.Name {
	case "place_order":
		status, answer, err = h.place(r, &payload.Input)
	case "latest_orders":
		answer, err = h.latest(r, payload.Input.Limit)
	case "offers":
		answer = offers(&payload.Input)
	case "stock_of":
		status, answer = stock(payload.Input.SKU)
	case "search":
		answer = search(payload.Input.Text)
	default:
		err = fmt.Errorf("BUG: no handler for %s", payload.Action.Name)
	}
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(answer)
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, err
}

func refusal(code, message string) map[string]any {
	return map[string]any{"message": message, "code": code}
}

func order(id int64, user int, sku string, place int, amount json.Number) map[string]any {
	return map[string]any{
		"order_id": strconv.FormatInt(id, 10), "user_id": user, "sku": sku, "place": place, "price": map[string]any{"amount": amount, "currency": "EUR"},
	}
}

// place writes an order.
func (h *fourHandlers) place(r *http.Request, in *actionInput) (int, any, error) {
	if in.SKU == "desk" {
		return http.StatusConflict, refusal("sold-out", "no desks are left"), nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	id := int64(placedOrder + h.placed)
	h.placed++
	_, err := h.people.Exec(r.Context(), `insert into orders values ($1, 9, $2, $3, $4, 'OPEN', $5::text::numeric, '2026-03-01', null)`,
		id, fmt.Sprintf("P-%d", h.placed), in.UserID, in.SKU, in.Total.String())
	return http.StatusOK, order(id, in.UserID, in.SKU, h.placed, in.Total), err
}

func (h *fourHandlers) latest(r *http.Request, limit int) (any, error) {
	rows, err := h.people.Query(r.Context(), `select id, user_id, sku, total::text from orders order by placed_at desc limit $1`, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var orders []any
	for rows.Next() {
		var id int64
		var user int
		var sku, total string
		if err := rows.Scan(&id, &user, &sku, &total); err != nil {
			return nil, err
		}
		orders = append(orders, order(id, user, sku, 1+len(orders), json.Number(total)))
	}
	return orders, rows.Err()
}

// offers takes one off each price. What has no price has no offer.
func offers(in *actionInput) any {
	currency := "EUR"
	if in.Currency != nil {
		currency = *in.Currency
	}
	answer := make([]any, len(in.Items))
	for i, item := range in.Items {
		if item.Price == nil {
			continue
		}
		price, _ := item.Price.Float64()
		answer[i] = map[string]any{"price": map[string]any{"amount": price - 1, "currency": currency}, "depot_id": 2}
	}
	return answer
}

func stock(sku string) (int, any) {
	switch sku {
	case "desk":
		return http.StatusNotFound, refusal("unknown-sku", "desks aren't counted")
	case "chair":
		return http.StatusOK, nil
	}
	return http.StatusOK, map[string]any{"pieces": 7, "depot_id": 3}
}

// search finds skus by their beginnings.
func search(text string) any {
	hits := []any{}
	for _, hit := range [][2]string{{"lamp", "9007199254740993"}, {"desk", "102"}, {"chair", "404"}} {
		if strings.HasPrefix(hit[0], text) {
			hits = append(hits, map[string]any{"sku": hit[0], "order": map[string]any{"id": hit[1]}})
		}
	}
	return hits
}
