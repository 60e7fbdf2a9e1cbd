"""Models as they stand in usual courses, in PyTorch: what `from_torch` is tried on.

Each function gives a model, or a function of tensors, and what it is called with.
"""

import math

import pytest

pytest.importorskip("torch", reason="needs PyTorch, which is the user's to install")

import torch
import torch.nn.functional as F
from torch import nn

MODELS = {}
"""Every model, by its name."""


def model(function):
    MODELS[function.__name__] = function
    return function


@pytest.fixture(autouse=True)
def in_float64():
    """What a model makes of nothing while it runs is of PyTorch's default type."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def made(name):
    """A model with numbers drawn from a fixed seed, and its arguments."""
    torch.manual_seed(len(name))
    built, args, *kwargs = MODELS[name]()
    return built, args, kwargs[0] if kwargs else {}


def classes(count, *shape):
    return torch.randint(0, count, shape)


# --- dense ------------------------------------------------------------------------------------


@model
def linear_regression():
    return nn.Linear(3, 1), (torch.randn(5, 3),)


@model
def logistic_regression():
    class LogisticRegression(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 1)

        def forward(self, x, y):
            return F.binary_cross_entropy_with_logits(self.linear(x).squeeze(-1), y)

    return LogisticRegression(), (torch.randn(6, 4), torch.rand(6).round())


@model
def softmax_regression():
    class SoftmaxRegression(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 3)

        def forward(self, x, y=None):
            logits = self.linear(x)
            return logits if y is None else F.cross_entropy(logits, y)

    return SoftmaxRegression(), (torch.randn(6, 4),), {"y": classes(3, 6)}


@model
def mlp_with_batch_norm():
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(12, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True),
        nn.Linear(8, 8), nn.LayerNorm(8), nn.Tanh(), nn.Linear(8, 3), nn.LogSoftmax(dim=1),
    )  # fmt: skip
    return net, (torch.randn(5, 3, 4),)


@model
def mlp_with_every_activation():
    activations = [
        nn.ReLU(),
        nn.LeakyReLU(0.2),
        nn.ELU(),
        nn.SELU(),
        nn.GELU(),
        nn.GELU("tanh"),
        nn.SiLU(),
        nn.Mish(),
        nn.Softplus(),
        nn.Sigmoid(),
        nn.LogSigmoid(),
        nn.Tanh(),
        nn.Softsign(),
        nn.Hardtanh(),
        nn.ReLU6(),
        nn.Hardswish(),
        nn.PReLU(),
        nn.CELU(),
        nn.Tanhshrink(),
        nn.Softmin(-1),
        nn.Softmax(-1),
        nn.GLU(),
    ]  # fmt: skip  (PyTorch's Hardsigmoid has 1/6 in float32)

    class EachActivation(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(3, 4)
            self.activations = nn.ModuleList(activations)
            self.last = nn.Linear(4, 2)

        def forward(self, x):
            h = self.first(x)
            *others, glu = [activation(h) for activation in self.activations]
            return [self.last(other) for other in others], glu

    return EachActivation(), (3 * torch.randn(5, 3),)


@model
def autoencoder():
    class Autoencoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))
            self.decoder = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 8), nn.Sigmoid())

        def forward(self, x):
            z = self.encoder(x)
            return self.decoder(z), z

    return Autoencoder(), (torch.rand(3, 8),)


@model
def variational_autoencoder():
    class VAE(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(6, 5)
            self.mu, self.logvar = nn.Linear(5, 2), nn.Linear(5, 2)
            self.decoder = nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 6))

        def forward(self, x, noise):
            h = torch.relu(self.hidden(x))
            mu, logvar = self.mu(h), self.logvar(h)
            z = mu + torch.exp(0.5 * logvar) * noise
            reconstruction = torch.sigmoid(self.decoder(z))
            bce = F.binary_cross_entropy(reconstruction, x, reduction="sum")
            kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
            return bce + kld

    return VAE(), (torch.rand(4, 6), torch.randn(4, 2))


@model
def deep_sets():
    class DeepSets(nn.Module):
        def __init__(self):
            super().__init__()
            self.phi = nn.Sequential(nn.Linear(2, 6), nn.ELU(), nn.Linear(6, 6))
            self.rho = nn.Sequential(nn.Linear(12, 6), nn.ELU(), nn.Linear(6, 1))

        def forward(self, sets, mask):
            h = self.phi(sets) * mask.unsqueeze(-1)
            mean = h.sum(dim=1) / mask.sum(dim=1, keepdim=True)
            peak = h.masked_fill(mask.unsqueeze(-1) == 0, -1e9).amax(dim=1)
            return self.rho(torch.cat([mean, peak], dim=-1)).squeeze(-1)

    mask = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    return DeepSets(), (torch.randn(2, 3, 2), mask)


@model
def mixture_of_experts():
    class MixtureOfExperts(nn.Module):
        """The route is given, as the choice of experts is not differentiated."""

        def __init__(self, experts=3):
            super().__init__()
            self.gate = nn.Linear(4, experts, bias=False)
            self.experts = nn.ModuleList(nn.Linear(4, 2) for _ in range(experts))

        def forward(self, x, route):
            weights = torch.gather(F.softmax(self.gate(x), dim=-1), 1, route)
            weights = weights / weights.sum(-1, keepdim=True)
            every = torch.stack([expert(x) for expert in self.experts], dim=1)
            chosen = every.gather(1, route.unsqueeze(-1).expand(-1, -1, every.shape[-1]))
            return torch.einsum("nk,nkd->nd", weights, chosen)

    return MixtureOfExperts(), (
        torch.randn(5, 4),
        torch.tensor([[0, 1], [1, 2], [2, 0], [0, 2], [1, 0]]),
    )


@model
def siamese_contrastive_loss():
    class Siamese(nn.Module):
        def __init__(self, margin=1.0):
            super().__init__()
            self.embed = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
            self.margin = margin

        def forward(self, a, b, same):
            distance = F.pairwise_distance(self.embed(a), self.embed(b))
            apart = torch.clamp(self.margin - distance, min=0.0)
            return (same * distance.pow(2) + (1 - same) * apart.pow(2)).mean()

    return Siamese(), (torch.randn(6, 4), torch.randn(6, 4), torch.rand(6).round())


@model
def triplet_loss():
    embed = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))

    def triplet(anchor, positive, negative):
        return F.triplet_margin_loss(embed(anchor), embed(positive), embed(negative))

    return triplet, tuple(torch.randn(3, 5, 4))


@model
def actor_critic_loss():
    class ActorCritic(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(4, 16), nn.ReLU())
            self.actor, self.critic = nn.Linear(16, 3), nn.Linear(16, 1)

        def forward(self, states, actions, returns):
            h = self.body(states)
            log_probs = F.log_softmax(self.actor(h), dim=-1)
            values = self.critic(h).squeeze(-1)
            advantage = (returns - values).detach()
            taken = log_probs.gather(1, actions[:, None]).squeeze(1)
            entropy = -(log_probs.exp() * log_probs).sum(-1).mean()
            value_loss = F.smooth_l1_loss(values, returns)
            return -(taken * advantage).mean() + 0.5 * value_loss - 0.01 * entropy

    return ActorCritic(), (torch.randn(7, 4), classes(3, 7), 2 * torch.randn(7))


@model
def deep_q_loss():
    q = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))

    def loss(state, action, reward, after, gamma=0.9):
        with torch.no_grad():
            target = reward + gamma * q(after).max(dim=1).values
        return F.mse_loss(q(state)[torch.arange(len(action)), action], target)

    return loss, (torch.randn(5, 4), classes(2, 5), torch.randn(5), torch.randn(5, 4))


@model
def physics_informed_residual():
    """A loss with a derivative in it, as the course writes it: by differences."""

    class Field(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))

        def forward(self, t, h: float = 0.1):
            u, ahead, behind = self.net(t), self.net(t + h), self.net(t - h)
            residual = (ahead - 2 * u + behind) / h**2 + torch.sin(t) * u
            return residual.square().mean() + (self.net(torch.zeros(1, 1)) - 1).abs().sum()

    return Field(), (torch.linspace(0, 1, 6)[:, None],)


# --- tables -----------------------------------------------------------------------------------


@model
def word2vec():
    class SkipGram(nn.Module):
        """Skip-gram with negative sampling."""

        def __init__(self, words=10, size=4):
            super().__init__()
            self.centre = nn.Embedding(words, size)
            self.context = nn.Embedding(words, size)

        def forward(self, centre, positive, negative):
            v = self.centre(centre)
            good = (v * self.context(positive)).sum(-1)
            bad = torch.bmm(self.context(negative), v.unsqueeze(2)).squeeze(2)
            return -(F.logsigmoid(good) + F.logsigmoid(-bad).sum(1)).mean()

    return SkipGram(), (classes(10, 6), classes(10, 6), classes(10, 6, 3))


@model
def matrix_factorisation():
    class MatrixFactorisation(nn.Module):
        def __init__(self, users=5, items=6, factors=3):
            super().__init__()
            self.user, self.item = nn.Embedding(users, factors), nn.Embedding(items, factors)
            self.user_bias, self.item_bias = nn.Embedding(users, 1), nn.Embedding(items, 1)

        def forward(self, user, item):
            dot = (self.user(user) * self.item(item)).sum(dim=1, keepdim=True)
            return (dot + self.user_bias(user) + self.item_bias(item)).flatten()

    return MatrixFactorisation(), (classes(5, 7), classes(6, 7))


@model
def bag_of_words_classifier():
    class BagOfWords(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(9, 4, padding_idx=0)
            self.out = nn.Linear(4, 2)

        def forward(self, tokens):
            counted = (tokens != 0).sum(1, keepdim=True).clamp(min=1)
            return self.out(self.embed(tokens).sum(1) / counted)

    tokens = classes(9, 3, 5)
    tokens[:, 3:] = 0
    return BagOfWords(), (tokens,)


@model
def neural_probabilistic_language_model():
    """As in makemore: no module at all, but a list of tensors."""
    generator = torch.Generator().manual_seed(1)
    C = torch.randn((7, 2), generator=generator)
    W1 = torch.randn((6, 8), generator=generator)
    b1 = torch.randn(8, generator=generator)
    W2 = torch.randn((8, 7), generator=generator)
    b2 = torch.randn(7, generator=generator)
    parameters = [C, W1, b1, W2, b2]
    for p in parameters:
        p.requires_grad = True

    def loss(X, Y):
        emb = C[X]
        h = torch.tanh(emb.view(-1, 6) @ W1 + b1)
        logits = h @ W2 + b2
        return F.cross_entropy(logits, Y)

    return loss, (classes(7, 5, 3), classes(7, 5))


@model
def manual_batch_norm_of_makemore():
    gain, bias = torch.ones(1, 4, requires_grad=True), torch.zeros(1, 4, requires_grad=True)
    weights = {"in": torch.randn(3, 4, requires_grad=True)}

    def forward(x):
        pre = x @ weights["in"]
        mean, std = pre.mean(0, keepdim=True), pre.std(0, keepdim=True)
        return torch.tanh(gain * (pre - mean) / std + bias)

    return forward, (torch.randn(6, 3),)


# --- sequences --------------------------------------------------------------------------------


def _classifier(cell):
    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(8, 4)
            self.rnn = cell(4, 5, batch_first=True)
            self.out = nn.Linear(5, 2)

        def forward(self, tokens):
            outputs, _ = self.rnn(self.embed(tokens))
            return self.out(outputs[:, -1])

    return Classifier(), (classes(8, 3, 4),)


@model
def rnn_classifier():
    return _classifier(nn.RNN)


@model
def lstm_classifier():
    return _classifier(nn.LSTM)


@model
def gru_classifier():
    return _classifier(nn.GRU)


@model
def bidirectional_lstm_of_two_layers():
    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(3, 2, num_layers=2, bidirectional=True)
            self.out = nn.Linear(4, 2)

        def forward(self, x, h0, c0):
            outputs, (h, c) = self.rnn(x, (h0, c0))
            return {"tags": self.out(outputs), "states": (h, c)}

    return Tagger(), (torch.randn(4, 2, 3), torch.randn(4, 2, 2), torch.randn(4, 2, 2))


@model
def rnn_unrolled_by_hand():
    class Unrolled(nn.Module):
        def __init__(self):
            super().__init__()
            self.i2h, self.h2h, self.h2o = nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 2)

        def forward(self, x):
            h = torch.zeros(x.size(0), 4)
            outputs = []
            for t in range(x.size(1)):
                h = torch.tanh(self.i2h(x[:, t]) + self.h2h(h))
                outputs.append(self.h2o(h))
            return torch.stack(outputs, dim=1)

    return Unrolled(), (torch.randn(2, 4, 3),)


@model
def sequence_to_sequence_step():
    class Seq2Seq(nn.Module):
        """An encoder, and one step of a decoder with Bahdanau's attention."""

        def __init__(self):
            super().__init__()
            self.source, self.target = nn.Embedding(7, 4), nn.Embedding(6, 4)
            self.encoder = nn.GRU(4, 5, batch_first=True)
            self.decoder = nn.GRUCell(4 + 5, 5)
            self.score = nn.Sequential(nn.Linear(10, 5), nn.Tanh(), nn.Linear(5, 1, bias=False))
            self.out = nn.Linear(5, 6)

        def forward(self, source, previous):
            memory, h = self.encoder(self.source(source))
            h = h.squeeze(0)
            query = h.unsqueeze(1).expand_as(memory)
            weights = self.score(torch.cat([memory, query], -1)).softmax(1)
            context = (weights * memory).sum(1)
            h = self.decoder(torch.cat([self.target(previous), context], -1), h)
            return F.log_softmax(self.out(h), -1), weights.squeeze(-1)

    return Seq2Seq(), (classes(7, 2, 3), classes(6, 2))


@model
def transformer_encoder():
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    return encoder, (torch.randn(2, 3, 8),)


class Block(nn.Module):
    """A block of nanoGPT."""

    def __init__(self, width, heads, length):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(0.1)
        )
        self.heads = heads
        self.register_buffer(
            "bias", torch.tril(torch.ones(length, length)).view(1, 1, length, length)
        )

    def forward(self, x):
        B, T, C = x.size()
        q, k, v = self.qkv(self.ln1(x)).split(C, dim=2)
        q, k, v = (t.view(B, T, self.heads, C // self.heads).transpose(1, 2) for t in (q, k, v))
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        att = att.masked_fill(self.bias[:, :, :T, :T] == 0, float("-inf"))
        y = F.softmax(att, dim=-1) @ v
        x = x + self.proj(y.transpose(1, 2).contiguous().view(B, T, C))
        return x + self.mlp(self.ln2(x))


@model
def gpt():
    class GPT(nn.Module):
        """With the table of letters tied to the last layer."""

        def __init__(self, letters=11, width=8, length=5):
            super().__init__()
            self.transformer = nn.ModuleDict({
                "wte": nn.Embedding(letters, width), "wpe": nn.Embedding(length, width),
                "h": nn.ModuleList([Block(width, 2, length)]), "ln_f": nn.LayerNorm(width),
            })  # fmt: skip
            self.lm_head = nn.Linear(width, letters, bias=False)
            self.transformer.wte.weight = self.lm_head.weight

        def forward(self, idx, targets=None):
            pos = torch.arange(0, idx.size(1), dtype=torch.long, device=idx.device)
            x = self.transformer.wte(idx) + self.transformer.wpe(pos)
            for block in self.transformer.h:
                x = block(x)
            logits = self.lm_head(self.transformer.ln_f(x))
            if targets is None:
                return logits
            return logits, F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))

    return GPT().eval(), (classes(11, 2, 4), classes(11, 2, 4))


@model
def llama_block():
    class Llama(nn.Module):
        """RMS norm, rotary positions and SwiGLU, around PyTorch's own attention."""

        def __init__(self, width=8, heads=2):
            super().__init__()
            self.heads = heads
            self.scale = nn.Parameter(torch.ones(width))
            self.qkv = nn.Linear(width, 3 * width, bias=False)
            self.gate, self.up = nn.Linear(width, 12, bias=False), nn.Linear(width, 12, bias=False)
            self.down = nn.Linear(12, width, bias=False)

        def norm(self, x):
            return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.scale

        @staticmethod
        def rotated(x):
            half = x.shape[-1] // 2
            angle = torch.arange(x.shape[-2])[:, None] * 10.0 ** -torch.arange(half)
            a, b = x.chunk(2, dim=-1)
            return torch.cat(
                [a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1
            )

        def forward(self, x):
            q, k, v = self.qkv(self.norm(x)).chunk(3, -1)
            q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in (q, k, v))
            y = F.scaled_dot_product_attention(self.rotated(q), self.rotated(k), v, is_causal=True)
            x = x + y.transpose(1, 2).flatten(2)
            h = self.norm(x)
            return x + self.down(F.silu(self.gate(h)) * self.up(h))

    return Llama(), (torch.randn(2, 3, 8),)


@model
def multi_head_attention():
    class CrossAttention(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(6, 3, batch_first=True)

        def forward(self, query, memory, padding):
            return self.attention(query, memory, memory, key_padding_mask=padding)

    padding = torch.tensor([[False, False, True], [False, False, False]])
    return CrossAttention(), (torch.randn(2, 2, 6), torch.randn(2, 3, 6), padding)


# --- pictures ---------------------------------------------------------------------------------


@model
def lenet():
    class LeNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(1, 3, 3, padding=1), nn.Conv2d(3, 4, 3)
            self.fc1, self.fc2 = nn.Linear(4 * 2 * 2, 8), nn.Linear(8, 5)

        def forward(self, x):
            x = F.max_pool2d(torch.tanh(self.conv1(x)), 2)
            x = F.max_pool2d(torch.tanh(self.conv2(x)), (1, 1))
            x = torch.flatten(x, 1)
            return F.log_softmax(self.fc2(F.relu(self.fc1(x))), dim=1)

    return LeNet(), (torch.randn(2, 1, 8, 8),)


@model
def vgg_block():
    net = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True),
        nn.Conv2d(4, 4, 3, padding="same", groups=2), nn.ReLU(inplace=True), nn.MaxPool2d(2, 2),
        nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Dropout(0.5), nn.Linear(4, 3),
    )  # fmt: skip
    return net.eval(), (torch.randn(3, 2, 6, 6),)


@model
def residual_block():
    class BasicBlock(nn.Module):
        def __init__(self, channels, out, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(out)
            self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(out)
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out)
            )

        def forward(self, x):
            out = F.relu(self.bn1(self.conv1(x)))
            out = self.bn2(self.conv2(out))
            out += self.shortcut(x)
            return F.relu(out)

    return BasicBlock(2, 3, 2), (torch.randn(2, 2, 6, 6),)


@model
def unet_of_one_level():
    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.down = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU())
            self.bottom = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU())
            self.up = nn.ConvTranspose2d(6, 3, 2, stride=2)
            self.out = nn.Sequential(nn.Conv2d(6, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 2, 1))

        def forward(self, x, y):
            skip = self.down(x)
            h = self.up(self.bottom(F.max_pool2d(skip, 2)))
            return F.cross_entropy(self.out(torch.cat([skip, h], dim=1)), y)

    return UNet(), (torch.randn(2, 1, 4, 4), classes(2, 2, 4, 4))


@model
def dcgan_generator():
    net = nn.Sequential(
        nn.ConvTranspose2d(5, 4, 3, 1, 0, bias=False), nn.BatchNorm2d(4), nn.ReLU(True),
        nn.ConvTranspose2d(4, 1, 4, 2, 1, bias=False), nn.Tanh(),
    )  # fmt: skip
    return net, (torch.randn(3, 5, 1, 1),)


@model
def convolutional_autoencoder():
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.GELU(), nn.AvgPool2d(2),
        nn.ConvTranspose2d(4, 2, 2, stride=2), nn.GELU(),
        nn.ConvTranspose2d(2, 1, 3, stride=2, padding=1, output_padding=1), nn.Sigmoid(),
    )  # fmt: skip

    def loss(images):
        return F.mse_loss(net(images), images)

    return loss, (torch.rand(2, 1, 8, 8),)


@model
def text_cnn():
    class TextCNN(nn.Module):
        """Kim's, with windows of two and of three words."""

        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(9, 4)
            self.convs = nn.ModuleList(nn.Conv1d(4, 3, width) for width in (2, 3))
            self.out = nn.Linear(6, 2)

        def forward(self, tokens):
            x = self.embed(tokens).transpose(1, 2)
            features = [F.relu(conv(x)).max(dim=2)[0] for conv in self.convs]
            return self.out(torch.cat(features, 1))

    return TextCNN(), (classes(9, 2, 6),)


@model
def vision_transformer():
    class ViT(nn.Module):
        def __init__(self, width=8, patch=2, patches=4):
            super().__init__()
            self.patches = nn.Conv2d(1, width, patch, patch)
            self.cls = nn.Parameter(torch.randn(1, 1, width))
            self.position = nn.Parameter(torch.randn(1, patches + 1, width))
            layer = nn.TransformerEncoderLayer(
                width, 2, 12, 0.0, F.gelu, batch_first=True, norm_first=True
            )
            self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
            self.head = nn.Linear(width, 3)

        def forward(self, images):
            x = self.patches(images).flatten(2).transpose(1, 2)
            x = torch.cat([self.cls.expand(len(x), -1, -1), x], dim=1) + self.position
            return self.head(self.encoder(x)[:, 0])

    return ViT(), (torch.randn(2, 1, 4, 4),)
