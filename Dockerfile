# To pin the base by digest, take it from `docker buildx imagetools inspect node:24.21.0-bookworm-slim` and build with
#   docker build --build-arg NODE_IMAGE=node:24.21.0-bookworm-slim@sha256:… .
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json tsconfig.json ./
# No package needs its install script for the build.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY console console
COPY handlers handlers
COPY src src
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Offboard Bridge" \
      org.opencontainers.image.description="Locks leavers out through the GenAuth V3 management API" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production \
    OFFBOARD_CONFIG=/etc/offboard-bridge/bridge.yaml
COPY package.json LICENSE bridge.example.yaml config.schema.json /app/
COPY --from=dependencies /app/node_modules /app/node_modules
COPY --from=build /src/dist /app/dist
# Only /data is written to, so that the root file system may be read-only; `demo` wants a /tmp as well.
RUN install -d -o 1000 -g 1000 -m 0700 /data && ln -s /app/dist/src/main.js /usr/local/bin/offboard-bridge
WORKDIR /data
VOLUME /data
USER 1000:1000
EXPOSE 8080 9090
# Alive, not ready: what restarts unhealthy containers must not do so because a disk is full.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(new URL('/healthz', process.env.OFFBOARD_URL ?? 'http://127.0.0.1:8080')).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# The program is process 1: it handles the signals itself, and starts no other processes that somebody would have to reap.
# A small young generation: by itself it takes 128 MB under load, and gains nothing by them. The warning is of kafkajs (docs/kafka.md).
ENTRYPOINT ["node", "--max-semi-space-size=8", "--disable-warning=TimeoutNegativeWarning", "/app/dist/src/main.js"]
