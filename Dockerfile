ARG NODE=24

# What the build needs, and what it makes.
FROM node:${NODE}-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without scripts: one of them builds, and the sources come only now, so that a change to them does
# not install everything anew.
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json rolldown.config.ts install-build.ts ./
COPY build ./build
COPY specs ./specs
COPY fixtures ./fixtures
COPY src ./src
COPY ui ./ui
# What runs needs no types, and no packages: the build holds them, and their licences.
RUN npm run build && rm -rf dist/types dist/*.d.mts dist/.bundle.log && chmod -R a+rX,g=u dist

# What is copied as it is, readable to every user whatever the umask of the checkout was.
FROM node:${NODE}-slim AS files
WORKDIR /app
COPY package.json LICENSE ./
COPY specs ./specs
COPY fixtures ./fixtures
RUN chmod -R a+rX,g=u .

FROM node:${NODE}-slim
WORKDIR /app
# The state is all that is ever written; a volume takes the folder's owner from here. OpenShift runs
# an image under a user id of its own choice, always with group 0: the group may do what the owner may.
RUN mkdir /data && chown node:0 /data && chmod g=u /data
COPY --from=files /app ./
COPY --from=build /app/dist ./dist
# Others reach the vendors' APIs; the admin API waits for STANDIN_ADMIN_TOKEN, as the start says.
# Webhooks may go to what is on the same networks: a service container reaches its job.
ENV NODE_ENV=production STANDIN_HOST=0.0.0.0 STANDIN_DATA=/data STANDIN_LOG=pretty \
    STANDIN_EGRESS=private
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Standin" \
      org.opencontainers.image.description="Mock server for the user APIs of myKaarma, Cryptlex and Forms On Fire" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# A number: Kubernetes cannot tell of a name that it is not root (runAsNonRoot).
USER 1000
VOLUME /data
# 4021 is that of HTTPS, with STANDIN_TLS=true.
EXPOSE 4020 4021
# While it starts it is checked every second: what waits for it need not wait for ten.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --start-interval=1s \
  CMD ["node", "dist/main.js", "healthcheck"]
# node itself is process 1: a signal goes to it and to nothing in between.
CMD ["node", "dist/main.js"]
