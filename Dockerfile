# All programs of the local stack in one image: joinery, auth0profile, auth0standin and hodor-handler.
FROM golang:1.26.8 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ENV CGO_ENABLED=0
RUN go build -trimpath -ldflags=-s -o /out/ ./cmd/joinery ./supergraph/auth0profile/cmd/auth0profile ./supergraph/auth0profile/cmd/auth0standin \
 && go build -trimpath -ldflags=-s -o /out/hodor-handler ./examples/hodor/handler

# Alpine rather than an empty image: its wget is what health checks ask with.
FROM alpine:3.22.2
COPY --from=build /out/ /usr/local/bin/
USER nobody
CMD ["joinery", "--help"]
